"""The volatility index fitted on the answers of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.lab.from_runs import answered_in, refit
from eval.runs.loading import Run, load_run
from eval.runs.record import Record
from overlay.cli.main import cli
from overlay.errors import InputError
from selector.profile import Fold, Profile, load_profile, question_key
from tests.eval.runs.sample import ITEM, journal, reply
from tests.overlay.calibration.test_index import WEIGHTS, answers

PROFILE = Profile(
    model="m",
    sha256="abc",
    layer=3,
    with_states=WEIGHTS,
    without_states=WEIGHTS,
    folds=tuple(
        Fold(
            questions=frozenset({question_key(f"question {number}")}),
            with_states=WEIGHTS,
            without_states=WEIGHTS,
        )
        for number in range(5)
    ),
)


def records(n: int) -> list[Record]:
    """Answers of the overlay that are right with the chance that their readings say."""
    found = []
    for number, one in enumerate(answers(n)):
        said = replace(reply("Corrin" if one.right else "Luth", volatility=0.5), signs=one.signs)
        item = replace(ITEM, id=str(number), question=one.question, dataset=f"set {number % 2}")
        replies = {"overlay": said, "top-k": reply("Corrin")}
        found.append(Record("made up", "as-given", "", item, replies))
    return found


def run_of(made: list[Record]) -> Run:
    return load_run(journal(made))


def test_answers_are_those_of_the_policy_each_case_once() -> None:
    made = records(40)
    again = replace(made[0], perturbation="reordered")
    abstained = replace(made[1], replies={"overlay": reply("", volatility=0.5)})
    found = answered_in(run_of([*made[:1], again, abstained, *made[2:]]), "overlay")
    assert [one.question for one in found] == [f"question {number}" for number in range(40)]
    expected = answers(40)
    assert [one.right for one in found[2:]] == [one.right for one in expected[2:]]
    assert found[0].signs == expected[0].signs
    assert found[1].signs is None


def test_a_policy_that_says_nothing_of_its_answers_is_refused() -> None:
    run = run_of(records(3))
    with pytest.raises(InputError, match="does not say what the answers of top-k show"):
        answered_in(run, "top-k")
    with pytest.raises(InputError, match="no policy of the run is called 'nobody'"):
        answered_in(run, "nobody")


def test_new_questions_join_folds_and_are_judged_without_themselves() -> None:
    given = answers(200, width=4)
    profile, fitted = refit(PROFILE, given)
    for before, after in zip(PROFILE.folds, profile.folds, strict=True):
        assert before.questions < after.questions
        assert after.index is not None
    sizes = [len(fold.questions) for fold in profile.folds]
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 1
    assert fitted.wrong == [not one.right for one in given]
    assert profile.index == fitted.whole.without_states
    assert profile.index_with_states == fitted.whole.with_states is not None
    assert profile.index_for("question 150", states=True) != profile.index_with_states
    assert profile.index_for("unknown", states=False) == profile.index
    assert profile.with_states == PROFILE.with_states


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(InputError, match="20 answers are too few"):
        refit(PROFILE, answers(20))


def test_a_profile_without_folds_is_refused() -> None:
    with pytest.raises(InputError, match="has no folds"):
        refit(PROFILE.model_copy(update={"folds": ()}), answers(200))


def test_the_command_writes_a_profile_and_says_what_it_is_worth(tmp_path: Path) -> None:
    results, before, after = (tmp_path / name for name in ("a.jsonl", "b.json", "c.json"))
    kept = journal(records(200), results, subject="overlay")
    before.write_text(PROFILE.model_copy(update={"sha256": kept.run["model"]["sha256"]}).as_json())
    command = ["lab", "index", str(results), "--profile", str(before)]
    found = CliRunner().invoke(cli, [*command, "--output", str(after)])
    assert found.exit_code == 0, found.output
    assert "The volatility index of an answer" in found.output
    assert "another data set" in found.output
    profile = load_profile(after)
    assert profile.index is not None
    assert profile.measured["answers"] == 200
    assert profile.measured["index"]["auroc"] > 0.7
    foreign = PROFILE.model_copy(update={"sha256": "another"})
    before.write_text(foreign.as_json())
    refused = CliRunner().invoke(cli, command)
    assert isinstance(refused.exception, InputError)
    assert "another model" in str(refused.exception)
