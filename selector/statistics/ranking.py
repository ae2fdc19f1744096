"""How well a score tells wrong answers from right ones: AUROC with an interval over questions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from overlay.errors import InputError
from selector.statistics.arrays import Float64Array, check_lengths, flags, numbers, owners
from selector.statistics.interval import Interval

__all__ = ["clustered_auroc", "wrong_answer_auroc"]


def wrong_answer_auroc(
    scores: ArrayLike,
    wrong: ArrayLike,
    questions: Sequence[Hashable] | None = None,
    *,
    seed: int,
    resamples: int = 1000,
) -> Interval | None:
    """The chance that a wrong answer has the larger score than a right one.

    Range: 0 to 1; 0.5 tells nothing
    Source: see :func:`clustered_auroc`

    Args:
        scores: larger means that a wrong answer is likelier, such as the volatility.
        wrong: whether the answer is wrong.
        questions: the question of each answer; answers to one question are drawn together.
            Without it each answer stands for itself.

    Returns:
        The value with its interval; None where all answers are right, or all wrong.

    Raises:
        InputError: lengths differ, there are no answers, or a score is not finite.
    """
    values, mistaken = numbers("scores", scores), flags("wrong", wrong)
    check_lengths(scores=values, wrong=mistaken)
    if mistaken.all() or not mistaken.any():
        return None
    owner = owners(questions, len(values))
    groups = [
        (values[(owner == q) & mistaken].tolist(), values[(owner == q) & ~mistaken].tolist())
        for q in range(owner.max() + 1)
    ]
    return clustered_auroc(groups, seed=seed, resamples=resamples)


def clustered_auroc(
    groups: Sequence[tuple[Sequence[float], Sequence[float]]], *, seed: int, resamples: int = 1000
) -> Interval:
    """The chance that a positive has the larger value than a negative, of any cluster.

    Formula: ``sum_ab w_a w_b W_ab / (sum_a w_a P_a * sum_b w_b N_b)``, where ``W_ab`` counts the
    positives of cluster a that exceed negatives of cluster b, ties as one half, and the weights
    are 1, or in a resample how often it drew the cluster. That is scikit-learn's
    ``roc_auc_score`` on the resampled items, without sorting them anew for each resample.
    Range: 0 to 1; the interval has no width where every positive exceeds every negative

    Args:
        groups: positives and negatives of each cluster.
        seed: makes the interval repeatable.

    Returns:
        The value, and the ends of the 95 % percentile interval. Resamples without a positive
        or without a negative do not count.

    Raises:
        InputError: there are no positives, or no negatives.
    """
    positives = [np.asarray(positive, dtype=np.float64) for positive, _ in groups]
    negatives = [np.asarray(negative, dtype=np.float64) for _, negative in groups]
    sizes = np.array([[len(p) for p in positives], [len(n) for n in negatives]], dtype=np.float64)
    if not sizes.any(axis=1).all():
        raise InputError("an AUROC needs positives and negatives", param="groups")
    wins = _wins(positives, negatives)
    count = len(groups)
    draws = np.random.default_rng(seed).multinomial(count, [1 / count] * count, size=resamples)
    values = _weighted(wins, sizes, draws.astype(np.float64))
    [value] = _weighted(wins, sizes, np.ones((1, count)))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def _wins(positives: Sequence[Float64Array], negatives: Sequence[Float64Array]) -> Float64Array:
    """``[a, b]``: how often a positive of cluster a exceeds a negative of cluster b."""
    others = np.concatenate(negatives)
    owner = np.repeat(np.arange(len(negatives)), [len(n) for n in negatives])
    rows = []
    for own in positives:
        won = (own[:, None] > others).sum(axis=0) + (own[:, None] == others).sum(axis=0) / 2
        rows.append(np.bincount(owner, weights=won, minlength=len(negatives)))
    return np.array(rows)


def _weighted(wins: Float64Array, sizes: Float64Array, weights: Float64Array) -> Float64Array:
    won: Float64Array = np.einsum("ra,ab,rb->r", weights, wins, weights, optimize=True)
    pairs = (weights @ sizes[0]) * (weights @ sizes[1])
    values: Float64Array = np.full(len(won), np.nan)
    np.divide(won, pairs, out=values, where=pairs > 0)
    return values
