"""Path ratio and dispersion: hand-computed values and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from overlay.errors import InputError
from probes.dispersion import dispersion
from probes.logit_drift import logit_drift
from probes.path import path_ratio
from probes.state import State
from tests.probes.states import make_state, states

DRIFTS = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def test_path_ratio_by_hand() -> None:
    # Lengths are the roots: (0.1 + 0.2 + 0.3) / 0.5.
    assert path_ratio([0.01, 0.04, 0.09], 0.25) == pytest.approx(1.2)


@given(st.floats(1e-6, 1))
def test_one_step_goes_straight(drift: float) -> None:
    assert path_ratio([drift], drift) == 1.0


@given(DRIFTS)
def test_a_path_back_to_its_start_has_no_ratio(drifts: list[float]) -> None:
    assert path_ratio(drifts, 0.0) is None


def test_the_root_makes_the_ratio_of_a_halfway_stop_at_least_one() -> None:
    hidden = np.ones((2, 3, 4))
    one, other = np.full((3, 4), -1000.0), np.full((3, 4), -1000.0)
    one[:, 0] = other[:, 1] = 0.0
    half = np.maximum(one, other)
    a, b, c = (make_state(logits, hidden) for logits in (one, half, other))
    steps, net = [logit_drift(a, b), logit_drift(b, c)], logit_drift(a, c)
    # JS((1, 0), (1/2, 1/2)) = H(3/4, 1/4) - 1/2 bit: two of them fall short of the whole bit.
    step = 2 - 0.75 * math.log2(3) - 0.5
    assert steps == pytest.approx([step, step], abs=1e-6)
    assert sum(steps) < net
    assert path_ratio(steps, net) == pytest.approx(2 * math.sqrt(step), abs=1e-5)
    assert 2 * math.sqrt(step) > 1


@given(states(), states(), states())
def test_no_detour_is_shorter_than_the_straight_way(a: State, b: State, c: State) -> None:
    net = logit_drift(a, c)
    assume(net > 1e-4)  # below, float32 rounding of the log-probabilities shows
    ratio = path_ratio([logit_drift(a, b), logit_drift(b, c)], net)
    assert ratio is not None
    assert ratio >= 1 - 1e-3


@pytest.mark.parametrize(
    ("steps", "net"),
    [([-0.1], 0.2), ([0.1], -0.2), ([math.nan], 0.2), ([0.1], math.inf), ([], 0.2)],
)
def test_what_is_no_trajectory_is_refused(steps: list[float], net: float) -> None:
    with pytest.raises(InputError):
        path_ratio(steps, net)


def test_dispersion_by_hand() -> None:
    assert dispersion([0.3, 0.4]) == pytest.approx(math.sqrt(0.125))
    assert dispersion([0.0, 0.0]) == 0.0


@given(DRIFTS)
def test_dispersion_lies_between_mean_and_largest(drifts: list[float]) -> None:
    value = dispersion(drifts)
    assert sum(drifts) / len(drifts) - 1e-12 <= value <= max(drifts) + 1e-12
    assert dispersion([0.5 * drift for drift in drifts]) == pytest.approx(0.5 * value)
    assert dispersion(drifts[::-1]) == value


@pytest.mark.parametrize("drifts", [[], [-0.1], [math.nan], [math.inf]])
def test_what_has_no_dispersion_is_refused(drifts: list[float]) -> None:
    with pytest.raises(InputError):
        dispersion(drifts)
