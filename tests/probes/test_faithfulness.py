"""Rank correlation, top-k drop, linear datamodeling score: by hand, and properties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from overlay.errors import InputError
from probes.faithfulness import (
    linear_datamodeling_score,
    log_prob_drop,
    rank_correlation,
    top_k,
)

FOUR_MASKS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    n = draw(st.integers(3, 8))
    small = st.integers(-5, 5).map(float)  # ties are common
    lists = st.lists(small, min_size=n, max_size=n).filter(lambda items: len(set(items)) > 1)
    return draw(lists), draw(lists)


def test_rank_correlation_by_hand() -> None:
    # Rank differences 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15).
    assert rank_correlation([9.0, 1.0, 2.0, -7.0], [3.0, 2.0, 1.0, 0.0]) == pytest.approx(0.8)
    # Ranks 1.5, 1.5, 3 against 1, 2, 3.
    assert rank_correlation([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]) == pytest.approx(math.sqrt(0.75))


@given(orders())
def test_rank_correlation_is_bounded_symmetric_and_turns(
    pair: tuple[list[float], list[float]],
) -> None:
    x, y = pair
    value = rank_correlation(x, y)
    assert -1.0 <= value <= 1.0
    assert rank_correlation(y, x) == pytest.approx(value)
    assert rank_correlation([-item for item in x], y) == pytest.approx(-value)
    assert rank_correlation(x, x) == pytest.approx(1.0)


@given(orders())
def test_only_the_order_counts(pair: tuple[list[float], list[float]]) -> None:
    x, y = pair
    assert rank_correlation(np.exp(x), y) == pytest.approx(rank_correlation(x, y))


@pytest.mark.parametrize(
    ("attribution", "match"),
    [
        ([1.0, 2.0], "needs 3"),
        ([1.0, 1.0, 1.0], "constant"),
        ([1.0, 2.0, math.nan], "not finite"),
        ([1.0, 2.0, math.inf], "not finite"),
        ([1.0, 2.0, 3.0, 4.0], "against"),
    ],
)
def test_what_has_no_order_is_refused(attribution: list[float], match: str) -> None:
    reference = [1.0, 2.0, 3.0]
    with pytest.raises(InputError, match=match):
        rank_correlation(attribution, reference)
    with pytest.raises(InputError, match=match):
        rank_correlation(reference, attribution)


def test_top_k_by_hand() -> None:
    assert top_k([0.1, 5.0, -2.0, 5.0], 3).tolist() == [1, 3, 0]
    # Many equal parts: short arrays happen to be sorted in order anyway.
    assert top_k([0.0, 1.0] * 50, 60).tolist() == [*range(1, 100, 2), *range(0, 20, 2)]


@given(arrays(np.float64, st.integers(1, 8), elements=st.floats(-5, 5)), st.data())
def test_nothing_left_out_exceeds_what_is_taken(
    attribution: NDArray[np.float64], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(attribution)))
    taken = top_k(attribution, k)
    assert len(set(taken.tolist())) == k
    rest = np.delete(attribution, taken)
    assert rest.max(initial=-np.inf) <= attribution[taken].min()


@pytest.mark.parametrize("k", [0, -1, 4])
def test_top_k_of_fewer_parts_is_refused(k: int) -> None:
    with pytest.raises(InputError, match="of 3 parts"):
        top_k([1.0, 2.0, 3.0], k)


def test_log_prob_drop_by_hand() -> None:
    assert log_prob_drop(-1.5, -6.0) == 4.5
    assert log_prob_drop(-1.5, -1.0) == -0.5
    assert log_prob_drop(-1.5, -1.5) == 0.0


def test_linear_datamodeling_score_by_hand() -> None:
    # Predictions 0, 2, 1, 3 against ranks 1, 2, 3, 4.
    score = linear_datamodeling_score([2.0, 1.0], FOUR_MASKS, [-4.0, -3.0, -2.0, -1.0])
    assert score == pytest.approx(0.8)


@given(st.lists(st.integers(-4, 4).filter(bool), min_size=2, max_size=4), st.floats(-9, 0))
def test_a_linear_model_is_predicted_perfectly(attribution: list[int], full: float) -> None:
    masks = np.array(list(itertools.product([False, True], repeat=len(attribution))))
    outcomes = np.array(
        [sum(a for a, kept in zip(attribution, m, strict=True) if kept) for m in masks]
    )
    values = np.array(attribution, dtype=np.float64)
    assert linear_datamodeling_score(values, masks, outcomes) == pytest.approx(1.0)
    assert linear_datamodeling_score(-values, masks, outcomes) == pytest.approx(-1.0)
    probabilities = 1 / (1 + np.exp(-(outcomes + full)))
    assert linear_datamodeling_score(values, masks, probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("attribution", "masks", "log_probs", "match"),
    [
        ([1.0, 2.0], FOUR_MASKS.astype(float), [1.0, 2.0, 3.0, 4.0], "boolean"),
        ([1.0, 2.0, 3.0], FOUR_MASKS, [1.0, 2.0, 3.0, 4.0], "masks of 3 parts"),
        ([1.0, 2.0], FOUR_MASKS[0], [1.0, 2.0], "masks of 2 parts"),
        ([1.0, 2.0], FOUR_MASKS, [1.0, 2.0, 3.0], "4 items against 3"),
        ([1.0, 2.0], FOUR_MASKS[:2], [1.0, 2.0], "needs 3"),
        ([0.0, 0.0], FOUR_MASKS, [1.0, 2.0, 3.0, 4.0], "constant"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    attribution: list[float], masks: NDArray[np.bool_], log_probs: list[float], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        linear_datamodeling_score(attribution, masks, log_probs)
