"""Whether a predicted probability of a wrong answer is how often answers are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from overlay.errors import InputError
from selector.statistics.arrays import Float64Array, check_lengths, flags, probabilities

__all__ = ["Bin", "Binning", "brier", "expected_calibration_error", "reliability"]


class Binning(StrEnum):
    """How probabilities are put into bins: edges evenly spaced, or at their quantiles."""

    EQUAL_WIDTH = "equal width"
    EQUAL_MASS = "equal mass"


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram.

    Attributes:
        low, high: edges; the upper one belongs to the bin.
        predicted: mean predicted probability of a wrong answer.
        observed: share of wrong answers.
        count: answers in the bin.
    """

    low: float
    high: float
    predicted: float
    observed: float
    count: int


def reliability(
    predicted: ArrayLike,
    wrong: ArrayLike,
    *,
    bins: int = 10,
    binning: Binning = Binning.EQUAL_WIDTH,
) -> list[Bin]:
    """Predicted against observed shares of wrong answers, by bins of what was predicted.

    Equal predictions always share a bin; bins that hold nothing are left out, so that ties can
    leave fewer than were asked for.
    Source: Niculescu-Mizil & Caruana, ICML 2005; the bins are those of scikit-learn's
    ``calibration_curve``, which does not count them.

    Args:
        predicted: probability of a wrong answer, 0 to 1.
        wrong: whether the answer is wrong.

    Raises:
        InputError: lengths differ, there are no answers, a probability is outside 0 to 1, or
            there is less than one bin.
    """
    chances, mistaken = _checked(predicted, wrong)
    if bins < 1:
        raise InputError(f"bins must be at least 1, not {bins}", param="bins")
    edges = _edges(chances, bins, binning)
    place = np.searchsorted(edges[1:-1], chances)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=chances, minlength=bins)
    errors = np.bincount(place, weights=mistaken, minlength=bins)
    return [
        Bin(
            low=float(edges[b]),
            high=float(edges[b + 1]),
            predicted=float(sums[b] / counts[b]),
            observed=float(errors[b] / counts[b]),
            count=int(counts[b]),
        )
        for b in np.flatnonzero(counts)
    ]


def expected_calibration_error(
    predicted: ArrayLike,
    wrong: ArrayLike,
    *,
    bins: int = 10,
    binning: Binning = Binning.EQUAL_WIDTH,
) -> float:
    """How far predicted and observed shares lie apart, on average over the answers.

    Formula: ``sum_b n_b / n |observed_b - predicted_b|`` over the bins of :func:`reliability`
    Range: 0 to 1, lower is better; biased upwards where bins hold few answers
    Source: Guo et al., ICML 2017 (arXiv 1706.04599); equal mass as in Nguyen & O'Connor,
    EMNLP 2015 (arXiv 1508.05154)

    Raises:
        InputError: see :func:`reliability`.
    """
    found = reliability(predicted, wrong, bins=bins, binning=binning)
    gaps = sum(b.count * abs(b.observed - b.predicted) for b in found)
    return gaps / sum(b.count for b in found)


def brier(predicted: ArrayLike, wrong: ArrayLike) -> float:
    """The mean squared error of the predicted probability.

    Formula: ``mean (p_i - y_i)^2``, y being 1 for a wrong answer
    Range: 0 to 1, lower is better; 0.25 if 0.5 is always predicted
    Source: Brier, Monthly Weather Review 78 (1950); scikit-learn's ``brier_score_loss``

    Raises:
        InputError: see :func:`reliability`.
    """
    from sklearn.metrics import brier_score_loss

    chances, mistaken = _checked(predicted, wrong)
    # pos_label is needed where all answers are right, or all wrong.
    return float(brier_score_loss(mistaken, chances, pos_label=True))


def _checked(predicted: ArrayLike, wrong: ArrayLike) -> tuple[Float64Array, Float64Array]:
    chances, mistaken = probabilities("predicted", predicted), flags("wrong", wrong)
    check_lengths(predicted=chances, wrong=mistaken)
    return chances, mistaken.astype(np.float64)


def _edges(chances: Float64Array, bins: int, binning: Binning) -> Float64Array:
    marks = np.linspace(0.0, 1.0, bins + 1)
    return marks if binning is Binning.EQUAL_WIDTH else np.quantile(chances, marks)
