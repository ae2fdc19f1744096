"""Logistic regression on readings of unlike spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

__all__ = ["regress"]


def regress(
    values: NDArray[np.float64],
    truth: NDArray[np.bool_],
    c: float,
    *,
    emphasis: NDArray[np.float64] | None = None,
    counts: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Coefficients and intercept in the units of the values, fitted on standardised ones.

    The penalty would else fall on the readings that spread least, and which those are differs from
    model to model.

    Args:
        values: ``[rows, readings]``.
        truth: ``[rows]``, not all the same.
        c: inverse strength of the L2 penalty.
        emphasis: ``[readings]`` what the standardised readings are multiplied by, 1 by default:
            where it is small, the penalty is large.
        counts: ``[rows]`` how much each row counts, 1 by default.
    """
    scaler = StandardScaler().fit(values)
    model = LogisticRegression(C=c, max_iter=5000)
    factors = np.ones(values.shape[1]) if emphasis is None else emphasis
    model.fit(scaler.transform(values) * factors, truth, sample_weight=counts)
    coefficients = model.coef_[0] * factors / scaler.scale_
    return coefficients, float(model.intercept_[0] - scaler.mean_ @ coefficients)
