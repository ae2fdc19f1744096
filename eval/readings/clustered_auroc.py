"""AUROC over items that come in clusters, with a bootstrap interval over the clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["clustered_auroc"]

Float64Array = NDArray[np.float64]


def clustered_auroc(
    groups: Sequence[tuple[Sequence[float], Sequence[float]]], *, seed: int, resamples: int = 1000
) -> tuple[float, float, float]:
    """The chance that a positive has the larger value than a negative, of any cluster.

    Formula: ``sum_ab w_a w_b W_ab / (sum_a w_a P_a * sum_b w_b N_b)``, where ``W_ab`` counts the
    positives of cluster a that exceed negatives of cluster b, ties as one half, and the weights
    are 1, or in a resample how often it drew the cluster. That is scikit-learn's
    ``roc_auc_score`` on the resampled items, without sorting them anew for each resample.

    Args:
        groups: positives and negatives of each cluster.
        seed: makes the interval repeatable.

    Returns:
        The value, and the ends of the 95 % percentile interval. Resamples without a positive
        or without a negative do not count.
    """
    positives = [np.asarray(positive, dtype=np.float64) for positive, _ in groups]
    negatives = [np.asarray(negative, dtype=np.float64) for _, negative in groups]
    wins = np.array([[_wins(p, n) for n in negatives] for p in positives])
    sizes = np.array([[len(p) for p in positives], [len(n) for n in negatives]], dtype=np.float64)
    count = len(groups)
    draws = np.random.default_rng(seed).multinomial(count, [1 / count] * count, size=resamples)
    values = _weighted(wins, sizes, draws.astype(np.float64))
    [value] = _weighted(wins, sizes, np.ones((1, count)))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(value), float(low), float(high)


def _wins(positives: Float64Array, negatives: Float64Array) -> float:
    difference = positives[:, None] - negatives[None, :]
    return float((difference > 0).sum() + (difference == 0).sum() / 2)


def _weighted(wins: Float64Array, sizes: Float64Array, weights: Float64Array) -> Float64Array:
    won: Float64Array = np.einsum("ra,ab,rb->r", weights, wins, weights, optimize=True)
    pairs = (weights @ sizes[0]) * (weights @ sizes[1])
    values: Float64Array = np.full(len(won), np.nan)
    np.divide(won, pairs, out=values, where=pairs > 0)
    return values
