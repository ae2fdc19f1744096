"""The chance that an answer is wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.signs import Signs
from selector.volatility_index import VolatilityIndex

INDEX = VolatilityIndex(bias=1.5, log_prob=-1.0, gain=-3.0, backing=-2.0)


def signs(log_prob: float, backing: float, gain: float) -> Signs:
    return Signs(log_prob, gain, backing, 0.0, 1)


def test_the_chance_is_a_logistic_of_three_signs() -> None:
    assert INDEX.chance(signs(-0.5, 1.0, 0.0)) == pytest.approx(0.5)
    assert INDEX.chance(signs(-0.5, 0.0, 0.0)) == pytest.approx(1 / (1 + math.exp(-2.0)))
    assert INDEX.chance(signs(-1.0, 1.0, 0.0)) == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert INDEX.chance(signs(-0.5, 1.0, -0.5)) == pytest.approx(1 / (1 + math.exp(-1.5)))


def test_what_others_say_weighs_where_they_are_heard() -> None:
    alone = signs(-0.5, 0.0, 0.0)
    hearing = INDEX.model_copy(update={"compared": 1.0, "consensus": -4.0})
    assert hearing.chance(alone) == INDEX.chance(alone)
    against, beside = (hearing.chance(replace(alone, consensus=share)) for share in (0.0, 1.0))
    assert against == pytest.approx(1 / (1 + math.exp(-3.0)))
    assert beside == pytest.approx(1 / (1 + math.exp(1.0)))
    assert INDEX.chance(replace(alone, consensus=0.0)) == INDEX.chance(alone)


@given(st.floats(-1e6, 0), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_it_is_a_chance_and_falls_with_what_is_backed(
    log_prob: float, less: float, more: float, gain: float
) -> None:
    low, high = (INDEX.chance(signs(log_prob, backing, gain)) for backing in sorted([less, more]))
    assert 1 > low >= high > 0
