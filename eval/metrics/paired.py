"""Two policies on the same questions: what differs by more than chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from selector.statistics.arrays import (
    Float64Array,
    check_lengths,
    cluster_sums,
    flags,
    numbers,
    owners,
    probabilities,
)
from selector.statistics.interval import RESAMPLES, Interval, mean_interval

__all__ = ["Comparison", "Conclusion", "PairedTest", "compare", "conclude", "holm", "mcnemar"]

_PERMUTATIONS = 9999
_BATCH = 250


class Conclusion(StrEnum):
    """How the first policy compares with the second."""

    BETTER = "better"
    WORSE = "worse"
    WITHIN_NOISE = "within noise"


class PairedTest(StrEnum):
    """Where a p-value comes from."""

    MCNEMAR = "McNemar, exact"
    PERMUTATION = "permutation of clusters"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first policy less the second.

    Attributes:
        difference: mean difference with its 95 % interval.
        p_value: the chance of such a difference, in either direction, between equal policies.
        clusters: questions that were drawn.
        smaller_is_better: what the difference means.
    """

    difference: Interval
    p_value: float
    test: PairedTest
    clusters: int
    smaller_is_better: bool = False


def compare(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    bounded: bool = True,
    smaller_is_better: bool = False,
) -> Comparison:
    """Compare the results of two policies, one pair a question and scenario, in the same order.

    The interval is that of :func:`selector.statistics.interval.mean_interval` over the
    differences of the pairs. The p-value is McNemar's where results are right or wrong and each
    question stands once; otherwise its generalisation: the policies' names are exchanged at
    random, in all pairs of a cluster at once (Good, Permutation, Parametric and Bootstrap Tests
    of Hypotheses, 2005; scipy's ``permutation_test``).

    Args:
        first: results of the first policy.
        second: results of the second.
        clusters: the question of each pair; all pairs of a question are drawn together.
        seed: makes the interval and the p-value repeatable.
        bounded: whether results lie from 0 to 1, as rates do; seconds and tokens do not.

    Raises:
        InputError: lengths differ, there are no pairs, or a result is not finite or out of
            bounds.
    """
    check = probabilities if bounded else numbers
    ours, theirs = check("first", first), check("second", second)
    check_lengths(first=ours, second=theirs)
    owner = owners(clusters, len(ours))
    counts = np.bincount(owner)
    alone = bool((counts == 1).all())
    binary = bool(np.isin([ours, theirs], (0, 1)).all())
    test = PairedTest.MCNEMAR if alone and binary else PairedTest.PERMUTATION
    return Comparison(
        difference=mean_interval(
            ours - theirs,
            clusters,
            seed=seed,
            resamples=resamples,
            bounds=(-1.0, 1.0) if bounded else None,
        ),
        p_value=mcnemar(ours, theirs)
        if test is PairedTest.MCNEMAR
        else _permuted(cluster_sums(owner, ours), cluster_sums(owner, theirs), seed),
        test=test,
        clusters=len(counts),
        smaller_is_better=smaller_is_better,
    )


def mcnemar(first: ArrayLike, second: ArrayLike) -> float:
    """The p-value of McNemar's exact test, two-sided.

    Formula: binomial test of b successes in b + c at 1/2, b and c being the pairs where only the
    first, and only the second, is right; 1 where there are none
    Source: McNemar, Psychometrika 12 (1947); scipy's ``binomtest``

    It takes pairs to be independent: for several pairs a question use :func:`compare`.

    Args:
        first: whether the first policy is right, question by question.
        second: whether the second is.

    Raises:
        InputError: lengths differ, or there are no pairs.
    """
    from scipy.stats import binomtest

    ours, theirs = flags("first", first), flags("second", second)
    check_lengths(first=ours, second=theirs)
    won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def holm(p_values: ArrayLike) -> list[float]:
    """P-values raised so that all tests together err at most as often as one would.

    Formula: the i-th smallest of m becomes ``max over j <= i of min(1, (m - j + 1) p_j)``
    Source: Holm, Scandinavian Journal of Statistics 6 (1979); scipy has no such function, and
    statsmodels, which has, would bring two packages more for these lines

    Raises:
        InputError: there are no p-values, or one is not from 0 to 1.
    """
    values = probabilities("p_values", p_values)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(raised, 1.0)
    return [float(value) for value in adjusted]


def conclude(comparisons: Sequence[Comparison], *, level: float = 0.05) -> list[Conclusion]:
    """What can be said of each of several comparisons that are read together.

    A policy is better or worse where the interval of the difference leaves out 0 and Holm's
    p-value over all comparisons is at most ``level``; anything else is within noise.
    """
    if not comparisons:
        return []
    adjusted = holm([comparison.p_value for comparison in comparisons])
    return [_conclude(c, p, level) for c, p in zip(comparisons, adjusted, strict=True)]


def _conclude(comparison: Comparison, p_value: float, level: float) -> Conclusion:
    _, low, high = comparison.difference
    if p_value > level or low <= 0 <= high:
        return Conclusion.WITHIN_NOISE
    larger = low > 0
    return Conclusion.WORSE if larger is comparison.smaller_is_better else Conclusion.BETTER


def _permuted(first: Float64Array, second: Float64Array, seed: int) -> float:
    """Exact where there are few enough clusters to try every exchange."""
    from scipy.stats import permutation_test

    def difference(first: Float64Array, second: Float64Array, axis: int = -1) -> Float64Array:
        return np.asarray((first - second).sum(axis=axis))

    if len(first) == 1:
        return 1.0
    order = np.lexsort((second, first))
    found = permutation_test(
        (first[order], second[order]),
        difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_PERMUTATIONS,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)
