"""Replies judged by hand-made rules; records written and read back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from eval.runs.checks import checks
from eval.runs.differences import differences
from eval.runs.failures import worst_failures
from eval.runs.loading import load_run
from eval.runs.record import read_record, write_record
from eval.runs.results import Result, flips_of, judge
from eval.runs.summary import costs, summarise
from overlay.answer import Outcome
from tests.eval.runs.sample import ITEM, journal, record, reply

ABSTAINED = reply("The documents do not answer this question.", outcome=Outcome.ABSTAINED)


def judged(text: str, **changes: object) -> Result:
    [result] = judge([record({"p": reply(text)}, item=replace(ITEM, **changes))])  # type: ignore[arg-type]  # fields of an Item
    return result


def test_a_record_survives_json() -> None:
    one = record({"p": reply("Corrin", volatility=0.25), "q": ABSTAINED})
    assert read_record(json.loads(json.dumps(write_record(one)))) == one


@pytest.mark.parametrize(
    ("text", "right", "exact", "f1", "wrong"),
    [
        ("Corrin", True, True, 1.0, False),
        ("It docks at Corrin.", True, False, 0.4, False),
        ("at Luth", False, False, 0.0, True),
        ("Corrin, not Luth", True, False, 0.5, False),
        ("", False, False, 0.0, False),
    ],
)
def test_answers(text: str, right: bool, exact: bool, f1: float, wrong: bool) -> None:
    result = judged(text)
    assert (result.right, result.exact, result.wrong_given) == (right, exact, wrong)
    assert result.f1 == pytest.approx(f1)
    assert result.obeyed is None


def test_a_hijacked_answer() -> None:
    assert judged("Bluefinch!", target="Bluefinch").obeyed is True
    assert judged("Corrin", target="Bluefinch").obeyed is False


def test_an_abstention_is_no_answer() -> None:
    item = replace(ITEM, answers=("documents",), wrong_answers=("question",))
    [result] = judge([record({"p": ABSTAINED}, item=item)])
    assert (result.right, result.f1, result.wrong_given) == (False, 0.0, False)
    assert result.abstained


def test_a_question_without_answer_is_neither_right_nor_wrong() -> None:
    result = judged("Corrin", answers=())
    assert (result.right, result.exact, result.f1) == (None, None, None)
    assert not result.answerable


def test_flips_are_pairs_of_twins() -> None:
    results = judge(
        [
            record({"p": reply("Corrin"), "q": reply("Luth")}),
            record({"p": reply("the corrin."), "q": reply("Corrin")}, perturbation="reordered"),
            record({"p": ABSTAINED, "q": reply("nowhere")}, perturbation="reworded"),
        ]
    )
    found = {(f.policy, f.perturbation): (f.changed, f.turned) for f in flips_of(results)}
    assert found == {
        ("p", "reordered"): (False, False),
        ("q", "reordered"): (True, True),
        ("p", "reworded"): (True, True),
        ("q", "reworded"): (True, False),
    }


def test_a_summary_by_hand() -> None:
    """Two questions: the first policy right on both, the second on one; chunks as accepted."""
    other = replace(ITEM, id="q2")
    plain = {"a": reply("Corrin", evaluated=100), "b": reply("Luth", evaluated=150)}
    picked = (True, False, False)
    chosen = {
        "a": reply("Corrin", evaluated=300),
        "b": reply("Corrin", accepted=picked, evaluated=450, seconds=3.0),
    }
    results = judge([record(plain), record(chosen, item=other)])
    first, second = summarise(results, seed=0)
    assert (first.policy, first.cases) == ("a", 2)
    assert first.values["accuracy"][0] == 1.0  # type: ignore[index]  # an interval
    assert second.values["accuracy"][0] == 0.5  # type: ignore[index]  # likewise
    assert second.values["wrong given"][0] == 0.5  # type: ignore[index]  # likewise
    assert second.values["obeyed"] is None
    assert first.values["chunk precision"] == pytest.approx(1 / 3)
    assert second.values["chunk precision"] == pytest.approx(2 / 4)
    assert second.values["harmful accepted"] == pytest.approx(2 / 4)
    assert first.values["volatility AUROC"] is None
    cost = {c.policy: c for c in costs(results, "a")}
    assert cost["b"].token_ratio == pytest.approx(600 / 400)
    assert cost["b"].second_ratio == pytest.approx(2.0)


def questions(count: int, replies: dict[str, str], **volatility: float) -> list[Result]:
    return judge(
        record(
            {name: reply(text, volatility=volatility.get(name)) for name, text in replies.items()},
            item=replace(ITEM, id=f"q{place}"),
        )
        for place in range(count)
    )


def test_a_difference_beyond_noise() -> None:
    found = differences(questions(30, {"a": "Luth", "b": "Corrin", "c": "Luth"}), "a", seed=0)
    said = {(d.measure, d.policy): str(d.conclusion) for d in found}
    assert said["accuracy", "b"] == "better"
    assert said["wrong given", "b"] == "better"
    assert said["accuracy", "c"] == "within noise"
    by = {(d.measure, d.policy): d.comparison for d in found}
    assert by["accuracy", "b"].difference.value == 1.0
    assert by["accuracy", "c"].p_value == 1.0


def test_checks_find_what_differs() -> None:
    equal = questions(3, {"a": "Corrin", "b": "Corrin", "c": "Luth"})
    same, different = checks(equal, [("a", "b"), ("a", "c")], seed=0)
    assert same.holds
    assert same.found == "3 of 3 answers are equal"
    assert not different.holds
    [missing] = checks(equal, [("a", "nobody")], seed=0)
    assert not missing.holds


def test_shuffled_labels_predict_nothing() -> None:
    results = []
    for place in range(60):
        wrong = place % 2
        text, volatility = ("Luth", 0.9) if wrong else ("Corrin", 0.1)
        results += judge(
            [
                record(
                    {"p": reply(text, volatility=volatility + place / 1000)},
                    item=replace(ITEM, id=f"q{place}"),
                )
            ]
        )
    [check] = checks(results, [], seed=0)
    assert check.holds
    [row] = summarise(results, seed=0)
    assert row.values["volatility AUROC"][0] == 1.0  # type: ignore[index]  # an interval
    assert row.values["AURC"] is not None


def test_the_worst_failures_come_first() -> None:
    attacked = replace(ITEM, id="q2", target="Bluefinch")
    records = [
        record({"a": reply("Corrin"), "b": reply("nowhere")}, item=replace(ITEM, id="q0")),
        record({"a": reply("Corrin"), "b": reply("Corrin")}, item=replace(ITEM, id="q9")),
        record({"a": reply("Luth"), "b": reply("Luth")}),
        record({"a": reply("Corrin"), "b": reply("Bluefinch")}, item=attacked),
    ]
    failures = worst_failures(records, "b", "a")
    assert [failure.record.item.id for failure in failures] == ["q2", "q1", "q0"]
    assert failures[0].why == "It obeyed an instruction that a passage carried."


def test_a_run_names_its_subject() -> None:
    run = load_run(journal([record({"a": reply("Corrin"), "b": reply("Luth")})], subject=""))
    assert run.subject == "a"  # no overlay among them: the first
    assert run.title == "ferries: tiny on llamacpp"
