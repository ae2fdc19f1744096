"""The chance that an answer is right."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.confidence import Confidence

CONFIDENCE = Confidence(bias=-1.5, log_prob=1.0, copied=2.0, volatility=-3.0)


def test_the_chance_is_a_logistic_of_all_three() -> None:
    assert CONFIDENCE.chance(-0.5, 1.0, 0.0) == pytest.approx(0.5)
    assert CONFIDENCE.chance(-0.5, 0.0, 0.0) == pytest.approx(1 / (1 + math.exp(2.0)))
    assert CONFIDENCE.chance(-0.5, 1.0, 0.5) == pytest.approx(1 / (1 + math.exp(1.5)))


def test_profiles_of_before_the_index_counted_say_what_they_said() -> None:
    earlier = Confidence.model_validate({"bias": -1.5, "log_prob": 1.0, "copied": 2.0})
    assert earlier.chance(-0.5, 1.0, 1.0) == pytest.approx(0.5)


@given(st.floats(-1e6, 0), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_it_is_a_chance_and_grows_with_what_is_copied(
    log_prob: float, less: float, more: float, volatility: float
) -> None:
    low, high = (CONFIDENCE.chance(log_prob, c, volatility) for c in sorted([less, more]))
    assert 0 < low <= high < 1
