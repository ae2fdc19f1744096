"""Hidden drift, logit drift, divergence, entropy drop: hand-computed values and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overlay.errors import InputError
from probes.entropy import entropy_drop, normalised_entropy
from probes.errors import UnavailableError
from probes.hidden_drift import (
    Float64Array,
    cosine_distances,
    hidden_drift,
    relative_l2,
    standardise,
)
from probes.logit_drift import kl_divergence, logit_drift
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
    assert kl_divergence(a, a) == 0.0
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


def test_divergence_by_hand() -> None:
    # At one of three positions (1/2, 1/6, 1/6, 1/6) against (1/4, 1/4, 1/4, 1/4).
    logits = np.zeros((3, 4))
    logits[1, 0] = math.log(3)
    uneven = make_state(logits, np.ones((2, 3, 4)))
    there = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    back = 0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2)
    assert kl_divergence(uneven, flat()) == pytest.approx(there / 3, abs=1e-7)
    assert kl_divergence(flat(), uneven) == pytest.approx(back / 3, abs=1e-7)


def test_divergence_of_certain_states() -> None:
    assert kl_divergence(certain(0), flat()) == pytest.approx(math.log(4))
    assert kl_divergence(certain(0), certain(1)) == pytest.approx(1000.0)


def test_divergence_of_impossible_tokens() -> None:
    impossible = certain(0)
    impossible.log_probs[:, 1:] = -np.inf
    assert kl_divergence(impossible, flat()) == pytest.approx(math.log(4))
    assert kl_divergence(impossible, impossible) == 0.0
    assert kl_divergence(flat(), impossible) == math.inf


def test_rounding_of_the_log_probabilities_is_no_divergence() -> None:
    shifted = flat()
    shifted.log_probs[:] -= 1e-6  # what float32 leaves of a sum over a large vocabulary
    assert kl_divergence(flat(), shifted) < 1e-11
    assert kl_divergence(shifted, flat()) < 1e-11


@given(states(), states())
def test_divergence_is_bounded_from_below(a: State, b: State) -> None:
    p, q = np.exp(a.log_probs.astype(np.float64)), np.exp(b.log_probs.astype(np.float64))
    pinsker = 0.5 * np.mean(np.abs(p - q).sum(axis=1) ** 2)
    assert kl_divergence(a, b) >= pinsker - 1e-6
    # Lin (1991): the Jensen-Shannon divergence is at most a quarter of the symmetrised one.
    both = kl_divergence(a, b) + kl_divergence(b, a)
    assert logit_drift(a, b) * math.log(2) <= both / 4 + 1e-6


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
    np.testing.assert_allclose(cosine_distances(a, b), [[1.0, 0.0, 0.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(hidden_drift(a, b), [1 / 3, 2.0])
    # |(1, 0) - (0, 2)| = sqrt 5 against a mean norm of 1.5
    np.testing.assert_allclose(relative_l2(a, b), [math.sqrt(5) / 1.5 / 3, 2.0], rtol=1e-6)


def test_zero_vectors_have_no_direction() -> None:
    zero = make_state(np.zeros((3, 4)), np.zeros((2, 3, 2)))
    one = make_state(np.zeros((3, 4)), np.ones((2, 3, 2)))
    np.testing.assert_array_equal(hidden_drift(zero, zero), 0.0)
    np.testing.assert_array_equal(hidden_drift(zero, one), 1.0)
    np.testing.assert_array_equal(relative_l2(zero, zero), 0.0)
    np.testing.assert_array_equal(relative_l2(zero, one), 2.0)


def test_states_without_layers_have_no_hidden_drift() -> None:
    empty = make_state(np.zeros((3, 4)), np.empty((0, 3, 2)), layers=())
    for probe in (cosine_distances, hidden_drift, relative_l2):
        with pytest.raises(UnavailableError):
            probe(empty, empty)


def test_states_of_different_windows_are_not_compared() -> None:
    a = flat()
    b = State((*WINDOW[:2], 9), a.log_probs, a.hidden, a.layers)
    for probe in (
        cosine_distances,
        hidden_drift,
        relative_l2,
        logit_drift,
        kl_divergence,
        entropy_drop,
    ):
        with pytest.raises(InputError, match="different windows"):
            probe(a, b)


def test_one_token_has_no_entropy() -> None:
    with pytest.raises(InputError, match="top must be at least 2"):
        normalised_entropy(flat(), top=1)


@given(states(), states())
def test_hidden_drift_is_the_mean_over_the_window(a: State, b: State) -> None:
    distances = cosine_distances(a, b)
    assert distances.shape == (len(LAYERS), len(WINDOW))
    assert np.all((distances >= 0) & (distances <= 2))
    np.testing.assert_array_equal(hidden_drift(a, b), distances.mean(axis=1))


def test_standardised_drift_by_hand() -> None:
    # Layer 0: mean 0.2, standard deviation 0.1; layer 1: mean 1, standard deviation sqrt 0.5.
    neutral = [[0.1, 0.5], [0.2, 1.5], [0.3, 1.0]]
    np.testing.assert_allclose(standardise([0.5, 1.0], neutral), [3.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(standardise([0.1, 0.5], neutral), [-1.0, -1.0])


def test_standardised_drift_where_neutral_text_moves_nothing() -> None:
    neutral = [[0.0, 0.25], [0.0, 0.25]]
    np.testing.assert_array_equal(standardise([0.0, 0.25], neutral), [0.0, 0.0])
    np.testing.assert_array_equal(standardise([0.5, 0.0], neutral), [2.0**22, -(2.0**21)])


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 2)))
def test_neutral_texts_themselves_have_mean_zero_and_spread_of_at_most_one(
    neutral: Float64Array,
) -> None:
    rows = np.array([standardise(row, neutral) for row in neutral])
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows.mean(axis=0), 0.0, atol=1e-6)
    spread = neutral.std(axis=0, ddof=1)
    np.testing.assert_allclose(rows.std(axis=0, ddof=1), np.minimum(1.0, spread * 2**23), atol=1e-6)


def test_standardising_against_less_than_two_texts_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        standardise([0.1, 0.2], [[0.1, 0.2]])
    for neutral in ([[0.1], [0.2]], [0.1, 0.2]):
        with pytest.raises(InputError, match="do not fit"):
            standardise([0.1, 0.2], neutral)
