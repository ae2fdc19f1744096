"""Hidden drift: how far the hidden states on a window move when the context changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlay.errors import InputError
from probes.errors import UnavailableError
from probes.pairs import check_pair
from probes.state import State

__all__ = ["cosine_distances", "hidden_drift", "relative_l2", "standardise"]

Float64Array = NDArray[np.float64]

_LEAST_STD = float(np.finfo(np.float32).eps)


def cosine_distances(a: State, b: State) -> Float64Array:
    """Cosine distance of the hidden states at every position of the window, per layer.

    Formula: ``1 - cos(h_a[l, t], h_b[l, t])``
    Unit: none
    Range: 0 to 2 at each position: 0 for the same direction, 1 for orthogonal, 2 for opposite
    Source: this project
    Needs: layer states; both backends

    Symmetric; 0 for equal states. A zero vector counts as orthogonal to everything but another
    zero vector.

    Returns:
        ``[layers, T]``.

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
    return np.asarray(distances, dtype=np.float64)


def hidden_drift(a: State, b: State) -> Float64Array:
    """Mean cosine distance of the hidden states, per layer.

    Formula: ``mean_t (1 - cos(h_a[l, t], h_b[l, t]))``
    Unit: none
    Range: 0 to 2 per layer
    Source: this project
    Needs: layer states; both backends

    Symmetric; 0 for equal states. The mean of :func:`cosine_distances` over the window.

    Returns:
        ``[layers]``.

    Raises:
        InputError: the states are not of the same window and layers.
        UnavailableError: the states hold no layers.
    """
    return np.asarray(cosine_distances(a, b).mean(axis=-1), dtype=np.float64)


def relative_l2(a: State, b: State) -> Float64Array:
    """Mean Euclidean distance of the hidden states over the mean of their norms, per layer.

    Formula: ``mean_t 2 |h_a[l, t] - h_b[l, t]| / (|h_a[l, t]| + |h_b[l, t]|)``
    Unit: none
    Range: 0 to 2 per layer
    Source: this project
    Needs: layer states; both backends

    Symmetric; 0 for equal states, two zero vectors among them. Unlike the cosine distance,
    it also sees a change of length.

    Returns:
        ``[layers]``.

    Raises:
        InputError: the states are not of the same window and layers.
        UnavailableError: the states hold no layers.
    """
    x, y = _layers(a, b)
    sums = np.linalg.norm(x, axis=-1) + np.linalg.norm(y, axis=-1)
    gaps = 2.0 * np.linalg.norm(x - y, axis=-1)
    ratios = np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums > 0)
    return np.asarray(np.minimum(ratios, 2.0).mean(axis=-1), dtype=np.float64)


def standardise(drift: ArrayLike, neutral: ArrayLike) -> Float64Array:
    """Drift per layer, measured against the drift that neutral text of the same length causes.

    Formula: ``(drift[l] - mean_n neutral[n, l]) / max(std_n neutral[n, l], 2**-23)``
    Unit: standard deviations of the neutral drift (n - 1 in the denominator)
    Range: unbounded; 0 where the drift is the mean neutral drift, positive above it
    Source: this project
    Needs: layer states; both backends

    Any text moves the states by its length alone, and some layers move more than others; what
    neutral text does not do is left. The divisor is at least ``2**-23``, the resolution of
    the float32 in which states are held: a smaller spread cannot be told from rounding. Where
    neutral text never moves a layer the value is therefore 0 or very large, but finite.

    Args:
        drift: ``[layers]``, from :func:`hidden_drift` or :func:`relative_l2`.
        neutral: ``[n, layers]`` the same for n neutral texts, n at least 2.

    Returns:
        ``[layers]``.

    Raises:
        InputError: there are fewer than two neutral texts, or the layers do not fit.
    """
    values = np.asarray(drift, dtype=np.float64)
    reference = np.asarray(neutral, dtype=np.float64)
    if values.ndim != 1 or reference.ndim != 2 or reference.shape[1] != values.shape[0]:
        raise InputError(
            f"neutral drifts {reference.shape} do not fit a drift {values.shape}", param="neutral"
        )
    if reference.shape[0] < 2:
        raise InputError(
            f"{reference.shape[0]} neutral texts have no spread; give at least 2", param="neutral"
        )
    spread = np.maximum(reference.std(axis=0, ddof=1), _LEAST_STD)
    return np.asarray((values - reference.mean(axis=0)) / spread, dtype=np.float64)


def _layers(a: State, b: State) -> tuple[Float64Array, Float64Array]:
    check_pair(a, b)
    if not a.layers:
        raise UnavailableError("hidden drift needs the hidden states of at least one layer")
    return a.hidden.astype(np.float64), b.hidden.astype(np.float64)
