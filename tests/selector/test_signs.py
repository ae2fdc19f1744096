"""What an answer shows of being right."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.signs import WIDEST_LEAD, backing, gain, lead

SCORES = st.floats(-50, 0)
SHARES = st.floats(0, 1)
CHUNKS = st.lists(st.tuples(SHARES, st.floats(0.01, 0.99)), min_size=1, max_size=6)


def test_it_is_the_difference_of_probabilities() -> None:
    assert gain(math.log(0.8), math.log(0.3)) == pytest.approx(0.5)
    assert gain(math.log(0.3), math.log(0.8)) == pytest.approx(-0.5)


def test_what_the_model_would_not_say_under_the_chunk_either_gains_nothing() -> None:
    assert gain(-8.0, -40.0) < 0.001


@given(SCORES, SCORES)
def test_it_lies_between_its_ends_and_changes_sign_with_its_arguments(
    one: float, two: float
) -> None:
    assert -1 <= gain(one, two) <= 1
    assert gain(one, two) == -gain(two, one)


def test_backing_by_the_steadiest_chunk_counts_whole_and_by_another_less() -> None:
    assert backing([1.0, 0.0], [0.2, 0.6]) == 1.0
    assert backing([0.0, 1.0], [0.2, 0.6]) == pytest.approx(0.5)
    assert backing([0.5], [0.9]) == pytest.approx(0.5)


def test_nothing_is_backed_without_a_chunk_that_may_help() -> None:
    assert backing([], []) == 0.0
    assert backing([1.0, 1.0], [1.0, 1.0]) == 0.0


@given(CHUNKS)
def test_backing_is_a_share_at_most_the_largest_copied(chunks: list[tuple[float, float]]) -> None:
    copied, volatilities = zip(*chunks, strict=True)
    assert 0 <= backing(copied, volatilities) <= max(copied) + 1e-12


def test_the_lead_is_that_of_the_most_similar_chunk_over_the_next() -> None:
    assert lead([0.1, 0.55, 0.5]) == pytest.approx(0.05)
    assert lead([0.5, 0.5]) == 0.0


def test_a_lead_is_capped_and_a_chunk_alone_has_the_widest() -> None:
    assert lead([0.9, 0.1]) == lead([0.3]) == WIDEST_LEAD
    assert lead([]) == 0.0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_lead_lies_in_its_range_whatever_the_order(values: list[float], draw: Random) -> None:
    shuffled = draw.sample(values, len(values))
    assert 0 <= lead(shuffled) == lead(values) <= WIDEST_LEAD
