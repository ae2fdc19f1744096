"""Hidden drift: how far the hidden states on a window move when the context changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.errors import UnavailableError
from probes.pairs import check_pair
from probes.state import State

__all__ = ["hidden_drift", "relative_l2"]

Float64Array = NDArray[np.float64]


def hidden_drift(a: State, b: State) -> Float64Array:
    """Mean cosine distance of the hidden states, per layer.

    ``mean_t (1 - cos(h_a[l, t], h_b[l, t]))``, DESIGN.md section 4. Symmetric; 0 for equal
    states; a zero vector counts as orthogonal to everything but another zero vector.

    Returns:
        ``[layers]``, each in [0, 2], without unit.

    Raises:
        InputError: the states are not of the same window and layers.
        UnavailableError: the states hold no layers.
    """
    x, y = _layers(a, b)
    norms = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    dots = np.sum(x * y, axis=-1)
    cosines = np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)
    both_zero = ~(x.any(axis=-1) | y.any(axis=-1))
    distances = 1.0 - np.clip(np.where(both_zero, 1.0, cosines), -1.0, 1.0)
    return np.asarray(distances.mean(axis=-1), dtype=np.float64)


def relative_l2(a: State, b: State) -> Float64Array:
    """Mean Euclidean distance of the hidden states over the mean of their norms, per layer.

    ``mean_t 2 |h_a - h_b| / (|h_a| + |h_b|)``. Symmetric; 0 for equal states.

    Returns:
        ``[layers]``, each in [0, 2], without unit.

    Raises:
        InputError: the states are not of the same window and layers.
        UnavailableError: the states hold no layers.
    """
    x, y = _layers(a, b)
    sums = np.linalg.norm(x, axis=-1) + np.linalg.norm(y, axis=-1)
    gaps = 2.0 * np.linalg.norm(x - y, axis=-1)
    ratios = np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums > 0)
    return np.asarray(np.minimum(ratios, 2.0).mean(axis=-1), dtype=np.float64)


def _layers(a: State, b: State) -> tuple[Float64Array, Float64Array]:
    check_pair(a, b)
    if not a.layers:
        raise UnavailableError("hidden drift needs the hidden states of at least one layer")
    return a.hidden.astype(np.float64), b.hidden.astype(np.float64)
