"""Rank change: how far a chunk lifts the draft's tokens among all tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.pairs import check_pair
from probes.state import State

__all__ = ["rank_change"]


def rank_change(without: State, with_chunk: State) -> float:
    """Mean change of the logarithm of the rank of the window's own tokens.

    Formula: ``mean_t (log10 rank_without[t] - log10 rank_with[t])``, with the rank of ``w_t``
        one more than the number of tokens that are likelier than it
    Unit: powers of ten
    Range: -log10 V to log10 V for a vocabulary of V tokens; positive where the tokens rise
    Source: this project
    Needs: log-probabilities; both backends

    Swapping the states changes the sign. 1 says that a token which was tenth now comes first,
    however likely it is.

    Returns:
        Powers of ten.

    Raises:
        InputError: the states are not of the same window and layers.
    """
    check_pair(without, with_chunk)
    return float(np.mean(_log_ranks(without) - _log_ranks(with_chunk)))


def _log_ranks(state: State) -> NDArray[np.float64]:
    own = state.log_probs[np.arange(len(state.window)), list(state.window)]
    ranks = 1 + np.count_nonzero(state.log_probs > own[:, np.newaxis], axis=1)
    return np.asarray(np.log10(ranks), dtype=np.float64)
