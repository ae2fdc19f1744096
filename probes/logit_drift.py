"""Logit drift: how far the next-token distributions on a window move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.pairs import check_pair
from probes.state import FloatArray, State

__all__ = ["logit_drift"]


def logit_drift(a: State, b: State) -> float:
    """Jensen-Shannon divergence of the next-token distributions, averaged over the window.

    ``JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2`` (Lin, 1991, IEEE Trans. Inf. Theory
    37(1), eq. 4.1) in bits. Symmetric; 0 for equal states.

    Returns:
        Bits per position, in [0, 1].

    Raises:
        InputError: the states are not of the same window and layers.
    """
    check_pair(a, b)
    # Half of each relative entropy to the mixture: unlike the difference of entropies this has
    # no cancellation for nearly equal distributions.
    mixture = np.logaddexp(a.log_probs, b.log_probs) - np.log(np.float32(2))
    nats = 0.5 * (_relative_entropy(a.log_probs, mixture) + _relative_entropy(b.log_probs, mixture))
    return float(np.clip(np.mean(nats) / np.log(2.0), 0.0, 1.0))


def _relative_entropy(log_p: FloatArray, log_q: FloatArray) -> NDArray[np.float64]:
    """``sum_v p (log p - log q)`` per row, in nats; 0 log 0 counts as 0."""
    p = np.exp(log_p)
    terms = np.zeros_like(p)
    np.multiply(p, log_p - log_q, out=terms, where=p > 0)
    sums: NDArray[np.float64] = terms.sum(axis=-1, dtype=np.float64)
    return sums
