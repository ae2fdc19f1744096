"""Rank change: hand-computed values and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from overlay.errors import InputError
from probes.rank_change import rank_change
from probes.state import State
from tests.probes.states import WINDOW, make_state, states

VOCABULARY = 7
HIDDEN = np.ones((2, 3, 4))


def ranked(slope: float) -> State:
    """Tokens in the order of their ids where the slope is positive, else the other way round."""
    return make_state(-slope * np.tile(np.arange(VOCABULARY), (3, 1)), HIDDEN)


def test_by_hand() -> None:
    # The window's tokens 3, 1, 4 rank 4, 2, 5 in order, and 4, 6, 3 the other way round.
    expected = (math.log10(4 / 4) + math.log10(2 / 6) + math.log10(5 / 3)) / 3
    assert rank_change(ranked(1), ranked(-1)) == pytest.approx(expected)


def test_positive_where_the_chunk_lifts_the_tokens() -> None:
    lifted = np.zeros((3, VOCABULARY))
    lifted[[0, 1, 2], WINDOW] = 1.0
    expected = (math.log10(4) + math.log10(2) + math.log10(5)) / 3
    assert rank_change(ranked(1), make_state(lifted, HIDDEN)) == pytest.approx(expected)


def test_only_the_order_counts() -> None:
    assert rank_change(ranked(0.1), ranked(5)) == 0.0


def test_equally_likely_tokens_share_the_first_rank() -> None:
    expected = (math.log10(4) + math.log10(2) + math.log10(5)) / 3
    assert rank_change(ranked(1), ranked(0)) == pytest.approx(expected)


@given(states(VOCABULARY), states(VOCABULARY))
def test_bounded_and_antisymmetric(a: State, b: State) -> None:
    assert abs(rank_change(a, b)) <= math.log10(VOCABULARY) + 1e-12
    assert rank_change(a, b) == -rank_change(b, a)
    assert rank_change(a, a) == 0.0


def test_states_of_different_windows_are_not_compared() -> None:
    a = ranked(1)
    with pytest.raises(InputError, match="different windows"):
        rank_change(a, State((*WINDOW[:2], 5), a.log_probs, a.hidden, a.layers))
