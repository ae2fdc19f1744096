"""One profile of several models, on made-up readings whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eval.lab.pooling import left_out_table, observed_in, pool_models
from overlay.calibration.observe import Observed, write_observed
from overlay.cli.main import cli
from overlay.errors import InputError
from overlay.journal import Journal
from selector.order import Order
from selector.profile_files import load_profile
from tests.eval.lab.test_refit import kept
from tests.overlay.calibration.test_fit import looking, made_up


def of_model(signal: float, *, seed: int = 0) -> list[Observed]:
    """The same questions of three sets for every model: only where it looks differs."""
    found = [
        replace(one, question=f"question {number + 20 * place}", dataset=f"set {place}")
        for place in range(3)
        for number, one in enumerate(made_up(20, signal=1.0, seed=place))
    ]
    return looking(found, signal=signal, seed=seed)


def readings(path: Path | None, name: str, observed: list[Observed]) -> Journal:
    run = {"command": "calibrate", "model": {"name": name}, "seed": 0, "embedder": "packaged"}
    journal = Journal(path, run)
    for one in observed:
        journal.add(one.question, write_observed(one))
    journal.add("a twin", {"states": [[[0.0]]], "place": 0})
    return journal


def test_readings_lose_their_states_and_what_has_one_chunk_is_left_out() -> None:
    [alone] = made_up(1, signal=1.0)
    single = replace(
        alone,
        question="single",
        kinds=("helpful",),
        helpful=(True,),
        similarities=(0.5,),
        attentions=(0.0,),
        states=np.zeros((1, 4), dtype=np.float32),
    )
    found = observed_in(readings(None, "m", [*of_model(1.0), single]))
    assert [one.question for one in found] == [one.question for one in of_model(1.0)]
    assert all(one.states is None for one in found)
    with pytest.raises(InputError, match="does not hold readings"):
        observed_in(Journal(None, {"command": "eval"}))


def test_the_profile_is_of_no_model_and_has_a_fold_for_each_data_set() -> None:
    observed = {"one": of_model(1.0), "other": of_model(1.0, seed=9)}
    profile, quality = pool_models(observed, [], embedder="packaged", seed=0)
    assert profile.sha256 == ""
    assert profile.with_states == profile.without_states
    assert not profile.harm
    assert [fold.dataset for fold in profile.folds] == ["set 0", "set 1", "set 2"]
    assert all(len(fold.questions) == 20 for fold in profile.folds)
    assert quality.fitted_on == "the other data sets"
    assert quality.auroc["all others"].value > 0.8


def test_a_model_that_looks_elsewhere_is_judged_worse_by_the_others() -> None:
    observed = {"one": of_model(2.0), "same": of_model(2.0, seed=9)}
    turned = {"turned": of_model(-2.0, seed=7)}
    table = left_out_table(observed, turned, seed=0)
    own, theirs = ({row[0]: float(row[n].split()[0]) for row in table.rows} for n in (2, 3))
    assert theirs["same"] == pytest.approx(own["same"], abs=0.03)
    assert theirs["turned"] < own["turned"] - 0.2


def test_the_command_writes_a_profile(tmp_path: Path) -> None:
    one, other, answers, output = (tmp_path / name for name in ("a", "b", "c", "d.json"))
    readings(one, "one", of_model(1.0))
    readings(other, "other", of_model(1.0, seed=9))
    kept(200, answers)
    command = ["lab", "pool", str(one), str(other), "--answers", str(answers)]
    found = CliRunner().invoke(cli, [*command, "--output", str(output)])
    assert found.exit_code == 0, found.output
    assert "A model left out" in found.output
    profile = load_profile(output)
    assert profile.index is not None
    assert profile.measured["models"] == ["one", "other"]
    assert profile.measured["questions"] == 60
    assert profile.order is Order.SIMILAR_LAST, "nobody asked"
    assert profile.first_dose == 0
    # One model is right oftener with the most similar chunk last, the other gains more by it first.
    for path, rights in ((one, [(True, False)]), (other, [(False, True), (False, True)])):
        journal = Journal(path, Journal.read(path).run)
        for number, (last, first) in enumerate(rights):
            journal.add(f"orders {number}", {"similar-last": last, "similar-first": first})
    found = CliRunner().invoke(cli, [*command, "--first-dose", "2", "--output", str(output)])
    assert found.exit_code == 0, found.output
    profile = load_profile(output)
    assert profile.order is Order.SIMILAR_FIRST
    assert profile.first_dose == 2
    assert profile.measured["order"]["questions"] == 3
    assert profile.measured["questions"] == 60
