"""How much of the way from plain RAG to the best possible choice of chunks a policy goes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from selector.statistics.arrays import check_lengths, cluster_sums, numbers, owners
from selector.statistics.interval import RESAMPLES, Interval

__all__ = ["gap_closed"]


def gap_closed(
    policy: ArrayLike,
    reference: ArrayLike,
    oracle: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """The share of the gap that a policy closes, with a 95 % interval over clusters.

    Formula: ``sum (policy - reference) / sum (oracle - reference)``; the interval by percentile
        bootstrap of that ratio, whole clusters drawn with replacement, over the draws in which
        there is a gap
    Range: 1 where the policy is as good as the oracle, 0 where it is the reference, below 0 where
        it is worse; above 1 where it is better than the oracle

    Args:
        policy, reference, oracle: their results on the same cases, in the same order.
        clusters: the question of each case.
        seed: makes the interval repeatable.

    Returns:
        None where the oracle is no better than the reference: there is no gap to close.

    Raises:
        InputError: lengths differ, there are no cases, or a result is not finite.
    """
    ours, base, best = (
        numbers(name, values)
        for name, values in (("policy", policy), ("reference", reference), ("oracle", oracle))
    )
    check_lengths(policy=ours, reference=base, oracle=best)
    owner = owners(clusters, len(ours))
    gained = cluster_sums(owner, ours - base)
    gap = cluster_sums(owner, best - base)
    if gap.sum() <= 0:
        return None
    draws = np.random.default_rng(seed).integers(len(gap), size=(resamples, len(gap)))
    gaps, gains = gap[draws].sum(axis=1), gained[draws].sum(axis=1)
    there = gaps > 0
    low, high = np.percentile(gains[there] / gaps[there], (2.5, 97.5))
    return Interval(float(gained.sum() / gap.sum()), float(low), float(high))
