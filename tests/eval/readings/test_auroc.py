"""AUROC of readings, with intervals over questions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sklearn.metrics import roc_auc_score

from eval.readings.auroc import separations
from eval.readings.observations import Observation


def observations(values: Sequence[tuple[str, str, float | None]]) -> list[Observation]:
    return [Observation(question, kind, {"drift": value}) for question, kind, value in values]


def test_a_reading_that_always_tells_has_auroc_one() -> None:
    values = [(f"q{n}", kind, v) for n in range(5) for kind, v in (("helpful", 2), ("injected", 1))]
    [found] = separations(observations(values), seed=0, resamples=50)
    assert (found.against, found.auroc, found.low, found.high) == ("injected", 1, 1, 1)
    assert (found.helpful, found.others) == (5, 5)


def test_the_value_is_that_of_scikit_learn() -> None:
    values = [
        (f"q{n}", kind, float((7 * n + 3 * place) % 11))
        for n in range(8)
        for place, kind in enumerate(("helpful", "irrelevant", "irrelevant"))
    ]
    [found] = separations(observations(values), seed=0, resamples=200)
    labels = [kind == "helpful" for _, kind, _ in values]
    assert found.auroc == pytest.approx(roc_auc_score(labels, [value for *_, value in values]))
    assert found.low <= found.auroc <= found.high
    assert found.low < found.high


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [
        (f"q{n}", kind, float((5 * n + 2 * place) % 7))
        for n in range(6)
        for place, kind in enumerate(("helpful", "contradicting"))
    ]
    first, second = (
        list(separations(observations(values), seed=3, resamples=100)) for _ in range(2)
    )
    assert first == second


def test_what_cannot_be_compared_is_left_out() -> None:
    values = [("q0", "helpful", 1.0), ("q1", "irrelevant", 0.0), ("q2", "helpful", None)]
    assert list(separations(observations(values), seed=0)) == []
