"""The chance that an answer is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from probes.state import FloatArray
from selector.confidence import Confidence, Signs

CONFIDENCE = Confidence(bias=-1.5, log_prob=1.0, copied=2.0, volatility=-3.0, utility=0.5)


def signs(
    log_prob: float,
    copied: float,
    volatility: float,
    utility: float = 0.0,
    state: FloatArray | None = None,
) -> Signs:
    return Signs(log_prob, copied, volatility, utility, state)


def test_the_chance_is_a_logistic_of_all_signs() -> None:
    assert CONFIDENCE.chance(signs(-0.5, 1.0, 0.0)) == pytest.approx(0.5)
    assert CONFIDENCE.chance(signs(-0.5, 0.0, 0.0)) == pytest.approx(1 / (1 + math.exp(2.0)))
    assert CONFIDENCE.chance(signs(-0.5, 1.0, 0.5)) == pytest.approx(1 / (1 + math.exp(1.5)))
    assert CONFIDENCE.chance(signs(-1.0, 1.0, 0.0, 1.0)) == pytest.approx(0.5)


def test_a_state_counts_where_there_are_weights_for_it() -> None:
    state = np.array([1.0, -2.0], dtype=np.float32)
    shown = signs(-0.5, 1.0, 0.0, state=state)
    assert CONFIDENCE.chance(shown) == pytest.approx(0.5)
    probing = CONFIDENCE.model_copy(update={"state": (1.0, 0.25)})
    assert probing.chance(shown) == pytest.approx(1 / (1 + math.exp(-0.5)))
    with pytest.raises(InputError, match="a state of 2 numbers, and none were read"):
        probing.chance(signs(-0.5, 1.0, 0.0))
    with pytest.raises(InputError, match="a state of 2 numbers, and 3 were read"):
        probing.chance(signs(-0.5, 1.0, 0.0, state=np.zeros(3, dtype=np.float32)))


def test_profiles_of_before_the_index_counted_say_what_they_said() -> None:
    earlier = Confidence.model_validate({"bias": -1.5, "log_prob": 1.0, "copied": 2.0})
    assert earlier.chance(signs(-0.5, 1.0, 1.0, 1.0)) == pytest.approx(0.5)


@given(st.floats(-1e6, 0), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_it_is_a_chance_and_grows_with_what_is_copied(
    log_prob: float, less: float, more: float, volatility: float, utility: float
) -> None:
    low, high = (
        CONFIDENCE.chance(signs(log_prob, copied, volatility, utility))
        for copied in sorted([less, more])
    )
    assert 0 < low <= high < 1
