"""What a policy gains by answering only where it is confident: risk against coverage.

Items whose confidences are equal cannot be told apart by any threshold. They enter the curve
together, and the areas take them in random order, in expectation: no result depends on the
order in which the items came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selector.statistics.arrays import BoolArray, Float64Array, check_lengths, flags, numbers

__all__ = ["RiskCoverage", "aurc", "risk_coverage"]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """A risk-coverage curve, one point for each distinct confidence, most confident first.

    Attributes:
        coverages: share of all items answered so far, abstentions counted as items; the last
            one is the share that the policy answers at all.
        risks: share of wrong ones among those answered so far.
    """

    coverages: tuple[float, ...]
    risks: tuple[float, ...]


def risk_coverage(
    confidences: ArrayLike, wrong: ArrayLike, abstained: ArrayLike | None = None
) -> RiskCoverage:
    """The risk at every coverage that a threshold on the confidence can give.

    Formula: at threshold t, coverage ``|{i: c_i >= t}| / n``, risk the share of wrong ones there
    Range: 0 to 1, both
    Source: Geifman & El-Yaniv, NIPS 2017 (arXiv 1705.08500)

    Args:
        confidences: larger is surer, of any scale.
        wrong: whether the answer is wrong.
        abstained: where the policy gave no answer; what the other arrays hold there is ignored.

    Returns:
        The curve, without points where the policy always abstained.

    Raises:
        InputError: lengths differ, there are no items, or a confidence is not finite.
    """
    ordered = _answered(confidences, wrong, abstained)
    if ordered is None:
        return RiskCoverage((), ())
    ends, errors, items = ordered
    return RiskCoverage(tuple((ends / items).tolist()), tuple((errors / ends).tolist()))


def aurc(
    confidences: ArrayLike, wrong: ArrayLike, abstained: ArrayLike | None = None
) -> float | None:
    """The area under the risk-coverage curve.

    Formula: ``1/m sum_k E_k / k`` over the m answered items, most confident first, where ``E_k``
    is how many of the first k are wrong, in expectation over the order of equal confidences
    Range: 0 to 1, lower is better; 0 if nothing answered is wrong
    Source: Geifman, Uziel & El-Yaniv, ICLR 2019 (arXiv 1805.08206), on the curve of 1705.08500

    It is the mean risk over the coverages that the policy reaches. A policy that abstains from
    all that is hard has a small area: compare it only together with the curve's last coverage.

    Returns:
        The area; None where the policy always abstained.

    Raises:
        InputError: see :func:`risk_coverage`.
    """
    ordered = _answered(confidences, wrong, abstained)
    if ordered is None:
        return None
    ends, errors, _ = ordered
    return _area(ends, errors)


def _answered(
    confidences: ArrayLike, wrong: ArrayLike, abstained: ArrayLike | None
) -> tuple[Float64Array, Float64Array, int] | None:
    """Answered and wrong items up to the end of each group of equal confidence; all items."""
    mistaken = np.asarray(wrong)
    kept = _kept(abstained, len(mistaken))
    sure = np.asarray(confidences)
    check_lengths(confidences=sure, wrong=mistaken, abstained=kept)
    if len(kept) and not kept.any():
        return None
    sure, mistaken = numbers("confidences", sure[kept]), flags("wrong", mistaken[kept].tolist())
    levels, group = np.unique(-sure, return_inverse=True)
    sizes = np.bincount(group, minlength=len(levels))
    errors = np.bincount(group, weights=mistaken, minlength=len(levels))
    return sizes.cumsum().astype(np.float64), errors.cumsum(), len(kept)


def _kept(abstained: ArrayLike | None, count: int) -> BoolArray:
    return np.ones(count, dtype=np.bool_) if abstained is None else ~flags("abstained", abstained)


def _area(ends: Float64Array, errors: Float64Array) -> float:
    """Inside a group the expected errors grow evenly, hence the straight line between its ends."""
    answered = np.arange(1, ends[-1] + 1)
    expected = np.interp(answered, np.concatenate([[0.0], ends]), np.concatenate([[0.0], errors]))
    return float((expected / answered).mean())
