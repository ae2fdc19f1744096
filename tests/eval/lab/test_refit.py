"""The volatility index fitted on kept variants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.lab.refit import answered_in, refit
from eval.lab.variant_answers import VariantAnswer, write_answers
from overlay.cli.main import cli
from overlay.errors import InputError
from overlay.journal import Journal
from selector.profile import Fold, Profile, question_key
from selector.profile_files import load_profile
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


def kept(n: int, path: Path | None = None, *, sha256: str = "abc") -> Journal:
    """Answers that are right with the chance that their readings say, in a file of variants."""
    journal = Journal(
        path, {"command": "variants", "seed": 0, "model": {"name": "m", "sha256": sha256}}
    )
    for number, one in enumerate(answers(n)):
        answer = VariantAnswer(
            question=one.question,
            dataset=f"set {number % 2}",
            answerable=True,
            variant="as judged",
            chunks=(0,),
            volatilities=(0.5,),
            repeated=(),
            text="Corrin",
            right=one.right,
            quotes=False,
            index=None,
            signs=one.signs,
            evaluated=40,
        )
        nothing = replace(answer, variant="without context", answerable=False, signs=None)
        journal.add(str(number), write_answers([answer, nothing]))
    return journal


def test_answers_are_those_that_say_something() -> None:
    found = answered_in(kept(40))
    assert [one.question for one in found] == [f"question {number}" for number in range(40)]
    assert [(one.signs, one.right) for one in found] == [
        (one.signs, one.right) for one in answers(40)
    ]


def test_a_file_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="does not hold answers in every variant"):
        answered_in(Journal(None, {"command": "eval"}))


def test_new_questions_join_folds_and_are_judged_without_themselves() -> None:
    given = answers(200)
    profile, fitted = refit(PROFILE, given)
    for before, after in zip(PROFILE.folds, profile.folds, strict=True):
        assert before.questions < after.questions
        assert after.index is not None
    sizes = [len(fold.questions) for fold in profile.folds]
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 1
    assert fitted.wrong == [not one.right for one in given]
    assert profile.index == fitted.whole
    assert profile.index_for("question 150") != profile.index
    assert profile.index_for("unknown") == profile.index
    assert profile.with_states == PROFILE.with_states


def test_new_questions_join_the_fold_of_their_data_set() -> None:
    folds = [
        fold.model_copy(update={"dataset": f"set {n}"}) for n, fold in enumerate(PROFILE.folds)
    ]
    given = [replace(one, dataset=f"set {n % 5}") for n, one in enumerate(answers(200))]
    profile, _ = refit(PROFILE.model_copy(update={"folds": tuple(folds)}), given)
    for number, fold in enumerate(profile.folds):
        assert fold.questions == {question_key(one.question) for one in given[number::5]}


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(InputError, match="20 answers are too few"):
        refit(PROFILE, answers(20))


def test_a_profile_without_folds_is_refused() -> None:
    with pytest.raises(InputError, match="has no folds"):
        refit(PROFILE.model_copy(update={"folds": ()}), answers(200))


def test_the_command_writes_a_profile_and_says_what_it_is_worth(tmp_path: Path) -> None:
    results, before, after = (tmp_path / name for name in ("a.jsonl", "b.json", "c.json"))
    kept(200, results)
    before.write_text(PROFILE.as_json())
    command = ["lab", "index", str(results), "--profile", str(before)]
    found = CliRunner().invoke(cli, [*command, "--output", str(after)])
    assert found.exit_code == 0, found.output
    assert "The volatility index of an answer" in found.output
    assert "other questions" in found.output
    profile = load_profile(after)
    assert profile.index is not None
    assert profile.measured["answers"] == 200
    assert profile.measured["index"]["auroc"] > 0.7
    foreign = PROFILE.model_copy(update={"sha256": "another"})
    before.write_text(foreign.as_json())
    refused = CliRunner().invoke(cli, command)
    assert isinstance(refused.exception, InputError)
    assert "another model" in str(refused.exception)
