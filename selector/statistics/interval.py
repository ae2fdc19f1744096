"""A value with its interval, and the mean of values that come in clusters with one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from overlay.errors import InputError
from selector.statistics.arrays import Float64Array, cluster_sums, numbers, owners

__all__ = ["Interval", "mean_interval"]

RESAMPLES = 2000
# Resamples held in memory at once.
_BATCH = 250


class Interval(NamedTuple):
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As it stands in tables."""
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f})"

    def signed(self, digits: int = 2) -> str:
        """As a difference stands in tables.

        Args:
            digits: behind the point.
        """
        value, low, high = (f"{one:+.{digits}f}" for one in self)
        return f"{value} ({low} to {high})"


def mean_interval(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Interval:
    """The mean with a 95 % interval over clusters, such as all results of one question.

    Formula: percentile bootstrap of ``sum of the drawn clusters' values / their number``, whole
    clusters drawn with replacement. Where all clusters have one mean v, resampling finds no
    spread, whatever there is: then ``[v - w (v - lowest), v + w (highest - v)]``, w being the
    upper Wilson limit for no deviating cluster among n. For a rate of 0 or 1 that is Wilson's
    interval.
    Source: scipy's ``bootstrap`` and ``proportion_ci``; Efron & Tibshirani, An Introduction to
    the Bootstrap (1993); Wilson, JASA 22 (1927)

    With less than some thirty clusters the bootstrap's interval is too narrow. It does not
    depend on the order of the items.

    Args:
        values: any values, such as 1 for right and 0 for wrong.
        clusters: the cluster of each value; without it each value stands for itself.
        seed: makes the interval repeatable.
        bounds: what a value is at least and at most; None where nothing is known of that
            (seconds, tokens), and values that never differ then give an interval of no width.

    Raises:
        InputError: there are no values, one is not finite or out of bounds, or there is not one
            cluster a value.
    """
    array = numbers("values", values)
    if bounds is not None and not (bounds[0] <= array.min() and array.max() <= bounds[1]):
        raise InputError(
            f"values reach from {array.min()} to {array.max()}, beyond {bounds[0]} to {bounds[1]}",
            hint="name their bounds, or None where there are none",
            param="bounds",
        )
    sums, sizes = _by_cluster(array, clusters)
    value = float(sums.sum() / sizes.sum())
    means = sums / sizes
    if np.allclose(means, means[0], rtol=1e-12, atol=1e-12):
        return _constant(value, len(means), bounds)
    return Interval(value, *_bootstrap(sums, sizes, seed, resamples))


def _by_cluster(
    values: Float64Array, clusters: Sequence[Hashable] | None
) -> tuple[Float64Array, Float64Array]:
    """Sums and sizes of the clusters, in an order of their own."""
    owner = owners(clusters, len(values))
    sums = cluster_sums(owner, values)
    sizes = np.bincount(owner).astype(np.float64)
    order = np.lexsort((sizes, sums))
    return sums[order], sizes[order]


def _constant(value: float, clusters: int, bounds: tuple[float, float] | None) -> Interval:
    from scipy.stats import binomtest

    if bounds is None:
        return Interval(value, value, value)
    unseen = float(binomtest(0, clusters).proportion_ci(0.95, method="wilson").high)
    lowest, highest = bounds
    return Interval(value, value - unseen * (value - lowest), value + unseen * (highest - value))


def _bootstrap(
    sums: Float64Array, sizes: Float64Array, seed: int, resamples: int
) -> tuple[float, float]:
    from scipy.stats import bootstrap

    def mean(sums: Float64Array, sizes: Float64Array, axis: int = -1) -> Float64Array:
        return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))

    found = bootstrap(
        (sums, sizes),
        mean,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=_BATCH,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
