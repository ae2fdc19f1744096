"""Entropy drop: how much surer of the next tokens a context makes the model."""

from __future__ import annotations

import numpy as np

from overlay.errors import InputError
from probes.pairs import check_pair
from probes.state import State

__all__ = ["entropy_drop", "normalised_entropy"]

_TOP = 50


def normalised_entropy(state: State, top: int = _TOP) -> float:
    """Entropy of the ``top`` likeliest next tokens over its maximum, averaged over the window.

    Formula: ``mean_t H(p_K[t]) / log K`` with ``p_K[t]`` the K largest probabilities,
        renormalised, K = ``top`` (50)
    Unit: none
    Range: 0 to 1: 0 for certainty, 1 for K equally likely tokens
    Source: after the normalised predictive uncertainty of IGP (arXiv 2601.17532)
    Needs: log-probabilities; both backends

    Returns:
        A number in [0, 1].

    Raises:
        InputError: ``top`` is below 2.
    """
    if top < 2:
        raise InputError(f"top must be at least 2, not {top}", param="top")
    k = min(top, state.log_probs.shape[1])
    largest = np.partition(state.log_probs, -k, axis=1)[:, -k:].astype(np.float64)
    largest -= np.logaddexp.reduce(largest, axis=1, keepdims=True)
    p = np.exp(largest)
    terms = np.zeros_like(p)
    np.multiply(p, largest, out=terms, where=p > 0)
    return float(np.clip(np.mean(-terms.sum(axis=1)) / np.log(k), 0.0, 1.0))


def entropy_drop(without: State, with_chunk: State, top: int = _TOP) -> float:
    """Normalised entropy of the window without the chunk, minus that with it.

    Formula: ``E(without) - E(with)`` with ``E`` the :func:`normalised_entropy`
    Unit: none
    Range: -1 to 1; positive where the chunk makes the model surer
    Source: this project, over the normalised predictive uncertainty of IGP (arXiv 2601.17532)
    Needs: log-probabilities; both backends

    Swapping the states changes the sign.

    Returns:
        A number in [-1, 1].

    Raises:
        InputError: the states are not of the same window and layers, or ``top`` is below 2.
    """
    check_pair(without, with_chunk)
    return normalised_entropy(without, top) - normalised_entropy(with_chunk, top)
