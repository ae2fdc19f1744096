"""Hidden drift, logit drift and entropy drop: hand-computed values and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from overlay.errors import InputError
from probes.entropy import entropy_drop, normalised_entropy
from probes.errors import UnavailableError
from probes.hidden_drift import hidden_drift, relative_l2
from probes.logit_drift import logit_drift
from probes.state import State
from tests.probes.states import LAYERS, WINDOW, make_state, states


def flat(vocabulary: int = 4) -> State:
    return make_state(np.zeros((3, vocabulary)), np.ones((2, 3, 4)))


def certain(token: int, vocabulary: int = 4) -> State:
    logits = np.full((3, vocabulary), -1000.0)
    logits[:, token] = 0.0
    return make_state(logits, np.ones((2, 3, 4)))


@given(states(), states())
def test_drifts_are_bounded_and_symmetric(a: State, b: State) -> None:
    for value, other in (
        (hidden_drift(a, b), hidden_drift(b, a)),
        (relative_l2(a, b), relative_l2(b, a)),
    ):
        assert value.shape == (len(LAYERS),)
        assert np.all((value >= 0) & (value <= 2))
        np.testing.assert_allclose(value, other, atol=1e-12)
    assert 0.0 <= logit_drift(a, b) <= 1.0
    assert logit_drift(a, b) == pytest.approx(logit_drift(b, a), abs=1e-6)


@given(states())
def test_equal_states_do_not_drift(a: State) -> None:
    np.testing.assert_allclose(hidden_drift(a, a), 0.0, atol=1e-12)
    np.testing.assert_array_equal(relative_l2(a, a), 0.0)
    assert logit_drift(a, a) == pytest.approx(0.0, abs=1e-6)
    assert entropy_drop(a, a) == 0.0


@given(states(), states())
def test_entropy_drop_is_bounded_and_changes_sign(a: State, b: State) -> None:
    assert 0.0 <= normalised_entropy(a) <= 1.0
    assert -1.0 <= entropy_drop(a, b) <= 1.0
    assert entropy_drop(a, b) == -entropy_drop(b, a)


def test_disjoint_certainties_are_one_bit_apart() -> None:
    assert logit_drift(certain(0), certain(1)) == pytest.approx(1.0)


def test_logit_drift_of_certain_against_flat() -> None:
    # p = (1, 0, 0, 0), q = (1/4, ...), m = (5/8, 1/8, 1/8, 1/8)
    expected = 0.5 * math.log2(8 / 5) + 0.5 * (0.25 * math.log2(0.4) + 0.75 * math.log2(2))
    assert logit_drift(certain(0), flat()) == pytest.approx(expected, abs=1e-6)


def test_entropy_of_flat_and_certain() -> None:
    assert normalised_entropy(flat()) == pytest.approx(1.0)
    assert normalised_entropy(certain(2)) == pytest.approx(0.0, abs=1e-9)
    assert entropy_drop(flat(), certain(2)) == pytest.approx(1.0)


def test_entropy_of_the_top_two_only() -> None:
    logits = np.log(np.array([[0.4, 0.4, 0.1, 0.1]] * 3))
    state = make_state(logits, np.ones((2, 3, 4)))
    assert normalised_entropy(state, top=2) == pytest.approx(1.0)


def test_hidden_drift_by_hand() -> None:
    a = make_state(np.zeros((3, 4)), np.tile([1.0, 0.0], (2, 3, 1)))
    b_hidden = np.tile([1.0, 0.0], (2, 3, 1))
    b_hidden[0, 0] = [0.0, 2.0]  # orthogonal: distance 1 at one of three positions
    b_hidden[1] = [-1.0, 0.0]  # opposite everywhere: distance 2
    b = make_state(np.zeros((3, 4)), b_hidden)
    np.testing.assert_allclose(hidden_drift(a, b), [1 / 3, 2.0])
    # |(1, 0) - (0, 2)| = sqrt 5 against a mean norm of 1.5
    np.testing.assert_allclose(relative_l2(a, b), [math.sqrt(5) / 1.5 / 3, 2.0], rtol=1e-6)


def test_zero_vectors_have_no_direction() -> None:
    zero = make_state(np.zeros((3, 4)), np.zeros((2, 3, 2)))
    one = make_state(np.zeros((3, 4)), np.ones((2, 3, 2)))
    np.testing.assert_array_equal(hidden_drift(zero, zero), 0.0)
    np.testing.assert_array_equal(hidden_drift(zero, one), 1.0)


def test_states_without_layers_have_no_hidden_drift() -> None:
    empty = make_state(np.zeros((3, 4)), np.empty((0, 3, 2)), layers=())
    with pytest.raises(UnavailableError):
        hidden_drift(empty, empty)


def test_states_of_different_windows_are_not_compared() -> None:
    a = flat()
    b = State((*WINDOW[:2], 9), a.log_probs, a.hidden, a.layers)
    for probe in (hidden_drift, relative_l2, logit_drift, entropy_drop):
        with pytest.raises(InputError, match="different windows"):
            probe(a, b)


def test_one_token_has_no_entropy() -> None:
    with pytest.raises(InputError, match="top must be at least 2"):
        normalised_entropy(flat(), top=1)
