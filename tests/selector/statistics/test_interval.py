"""Intervals of means, by their behaviour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selector.statistics.interval import mean_interval


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_an_interval_holds_its_mean(values: list[bool]) -> None:
    found = mean_interval(values, seed=0, resamples=200)
    assert found.value == pytest.approx(np.mean(values))
    assert -1e-12 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1 + 1e-12
    assert found.low < found.high or len(set(values)) > 1


def test_an_interval_covers() -> None:
    """Of 200 samples of 60 coins, about 95 in 100 intervals hold the coin's chance."""
    draw = np.random.default_rng(1)
    held = 0
    for n in range(200):
        found = mean_interval(draw.random(60) < 0.3, seed=n, resamples=400)
        held += found.low <= 0.3 <= found.high
    assert held >= 180


def test_no_failure_seen_is_not_no_failure() -> None:
    found = mean_interval([0] * 20, seed=0)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.1611, abs=0.001)  # Wilson's for 0 of 20
