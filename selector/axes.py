"""The two axes on which a reading is judged: utility and volatility, each in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Iterable

from probes.reading import Reading
from selector.thresholds import Scale, Thresholds

__all__ = ["evidence", "utility", "volatility"]


def evidence(value: float, scale: Scale) -> float:
    """``1 / (1 + exp(-(value - centre) / width))``: a reading as a number in [0, 1].

    Returns:
        0.5 at the scale's centre, rising with ``value``.
    """
    # Beyond 40 widths the logistic function is 0 or 1 in double precision.
    z = max(-40.0, min(40.0, (value - scale.centre) / scale.width))
    return 1.0 / (1.0 + math.exp(-z))


def utility(reading: Reading, thresholds: Thresholds) -> float:
    """Evidence that the chunk helps: the mean over entropy drop, information gain, support.

    Readings that could not be computed are left out of the mean.
    """
    return _mean_evidence(
        (
            (reading.entropy_drop, thresholds.entropy_drop),
            (reading.information_gain, thresholds.information_gain),
            (reading.support_max, thresholds.support_max),
        )
    )


def volatility(
    reading: Reading, thresholds: Thresholds, marginal_drift: float | None = None
) -> float:
    """Evidence that the chunk destabilises: logit drift, hidden drift, conflict loss.

    Readings that could not be computed are left out of the mean.

    Args:
        marginal_drift: logit drift inside the growing context, in bits; takes the place of the
            drift of the chunk alone once there is a context to drift from.
    """
    drift = reading.logit_drift if marginal_drift is None else marginal_drift
    hidden = reading.hidden_drift
    return _mean_evidence(
        (
            (drift, thresholds.logit_drift),
            (sum(hidden) / len(hidden) if hidden else None, thresholds.hidden_drift),
            (reading.conflict_loss, thresholds.conflict_loss),
        )
    )


def _mean_evidence(values: Iterable[tuple[float | None, Scale]]) -> float:
    known = [evidence(value, scale) for value, scale in values if value is not None]
    return sum(known) / len(known)
