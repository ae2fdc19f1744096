"""Comparisons of two policies: tests against scipy and by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from eval.metrics.paired import Conclusion, PairedTest, compare, conclude, holm, mcnemar
from overlay.errors import InputError

right = st.lists(st.booleans(), min_size=1, max_size=40)


@given(right, st.randoms())
def test_mcnemar_is_the_binomial_test(first: list[bool], draw: random.Random) -> None:
    second = list(first)
    draw.shuffle(second)
    won = sum(a and not b for a, b in zip(first, second, strict=True))
    lost = sum(b and not a for a, b in zip(first, second, strict=True))
    expected = binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_mcnemar_by_hand() -> None:
    """Five won, none lost: two times one half to the fifth."""
    assert mcnemar([True] * 5, [False] * 5) == pytest.approx(2 / 32)


def test_equal_policies_do_not_differ() -> None:
    values = [True, False, True, True] * 10
    found = compare(values, values, seed=0)
    assert found.difference.value == 0
    assert found.difference.low <= 0 <= found.difference.high
    assert found.p_value == 1
    assert conclude([found]) == [Conclusion.WITHIN_NOISE]


@pytest.mark.parametrize("smaller", [False, True])
def test_a_clear_difference_is_found(smaller: bool) -> None:
    first, second = [True] * 27 + [False] * 3, [False] * 27 + [True] * 3
    found = compare(first, second, seed=0, smaller_is_better=smaller)
    assert found.test is PairedTest.MCNEMAR
    assert found.difference.value == pytest.approx(0.8)
    assert 0.5 < found.difference.low < found.difference.high <= 1
    assert conclude([found]) == [Conclusion.WORSE if smaller else Conclusion.BETTER]


def test_questions_not_pairs_are_what_counts() -> None:
    """Six questions of ten pairs each, all pairs of a question alike: six draws, not sixty."""
    first = np.repeat([1, 1, 1, 1, 0, 0], 10)
    second = np.repeat([0, 0, 0, 0, 0, 0], 10)
    questions = np.repeat(np.arange(6), 10).tolist()
    alone = compare(first, second, seed=0)
    together = compare(first, second, questions, seed=0)
    assert together.test is PairedTest.PERMUTATION
    assert together.clusters == 6
    assert together.p_value == pytest.approx(2 / 16)  # signs of four questions, exactly
    assert alone.p_value < 1e-9
    width = together.difference.high - together.difference.low
    assert width > 2 * (alone.difference.high - alone.difference.low)


def test_noise_is_called_noise() -> None:
    """Of 200 comparisons of equal coins, hardly more than one in twenty looks like a finding."""
    draw = np.random.default_rng(0)
    found = [
        compare(draw.random(40) < 0.5, draw.random(40) < 0.5, seed=n, resamples=200)
        for n in range(200)
    ]
    assert sum(one.p_value <= 0.05 for one in found) <= 16
    assert conclude(found).count(Conclusion.WITHIN_NOISE) == 200


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= v - 1e-12 and a <= 1 for a, v in zip(adjusted, values, strict=True))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


@pytest.mark.parametrize(
    ("first", "second"), [([1, 0], [1]), ([], []), ([np.nan], [0.5]), ([2.0], [0.0])]
)
def test_what_cannot_be_compared_is_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(InputError):
        compare(first, second, seed=0)
