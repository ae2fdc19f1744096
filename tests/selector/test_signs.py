"""How much more probable a chunk makes an answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.signs import gain

SCORES = st.floats(-50, 0)


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
