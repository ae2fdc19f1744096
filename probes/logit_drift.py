"""Logit drift: how far the next-token distributions on a window move when the context changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.pairs import check_pair
from probes.state import FloatArray, State

__all__ = ["kl_divergence", "logit_drift"]


def logit_drift(a: State, b: State) -> float:
    """Jensen-Shannon divergence of the next-token distributions, averaged over the window.

    Formula: ``mean_t JS(p_a[t], p_b[t])`` with
        ``JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2`` and H the entropy in bits
    Unit: bits per token
    Range: 0 to 1: 0 for equal distributions, 1 for distributions with no token in common
    Source: Lin, 1991, IEEE Trans. Inf. Theory 37(1), eq. 4.1
    Needs: log-probabilities; both backends

    Symmetric; 0 for equal states.

    Returns:
        Bits per token.

    Raises:
        InputError: the states are not of the same window and layers.
    """
    check_pair(a, b)
    # Half of each relative entropy to the mixture: unlike the difference of entropies this has
    # no cancellation for nearly equal distributions.
    mixture = np.logaddexp(a.log_probs, b.log_probs) - np.log(np.float32(2))
    nats = 0.5 * (_relative_entropy(a.log_probs, mixture) + _relative_entropy(b.log_probs, mixture))
    return float(np.clip(np.mean(nats) / np.log(2.0), 0.0, 1.0))


def kl_divergence(a: State, b: State) -> float:
    """Kullback-Leibler divergence of the next-token distributions, averaged over the window.

    Formula: ``mean_t sum_v p_a[t, v] (log p_a[t, v] - log p_b[t, v])``
    Unit: nats per token
    Range: at least 0, without upper bound; 0 for equal distributions
    Source: Kullback and Leibler, 1951, Ann. Math. Statist. 22(1)
    Needs: log-probabilities; both backends

    Not symmetric: it is large where ``a`` believes in what ``b`` had ruled out. With ``a`` the
    chunk and ``b`` no context, it is what the chunk tells the model that it did not expect.

    Returns:
        Nats per token.

    Raises:
        InputError: the states are not of the same window and layers.
    """
    check_pair(a, b)
    log_p, log_q = a.log_probs.astype(np.float64), b.log_probs.astype(np.float64)
    p = np.exp(log_p)
    # p log(p / q) - p + q is nowhere negative, and sums to the divergence where p and q sum to
    # 1: so float32 rounding of the log-probabilities enters in second order only.
    gaps = np.subtract(log_p, log_q, out=np.zeros_like(p), where=p > 0)
    terms = p * gaps - p + np.exp(log_q)
    return max(0.0, float(terms.sum(axis=-1).mean()))


def _relative_entropy(log_p: FloatArray, log_q: FloatArray) -> NDArray[np.float64]:
    """``sum_v p (log p - log q)`` per row, in nats; 0 log 0 counts as 0."""
    p = np.exp(log_p)
    terms = np.zeros_like(p)
    np.multiply(p, log_p - log_q, out=terms, where=p > 0)
    sums: NDArray[np.float64] = terms.sum(axis=-1, dtype=np.float64)
    return sums
