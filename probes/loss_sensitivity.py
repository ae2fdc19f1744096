"""Loss sensitivity: how the loss on the answer changes when something is removed or replaced."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["loss_sensitivity"]

Float64Array = NDArray[np.float64]


@overload
def loss_sensitivity(with_mean_log_prob: float, without_mean_log_prob: float) -> float: ...


@overload
def loss_sensitivity(
    with_mean_log_prob: float | Float64Array, without_mean_log_prob: Float64Array
) -> Float64Array: ...


def loss_sensitivity(
    with_mean_log_prob: float | Float64Array, without_mean_log_prob: float | Float64Array
) -> float | Float64Array:
    """Loss on the answer with a part of the context removed or replaced, less the loss with it.

    Formula: ``NLL(answer | without) - NLL(answer | with)``, NLL the mean over the answer's
        tokens of the negative log-probability
    Unit: nats per token
    Range: unbounded; positive where the answer is the worse for the change
    Source: this project
    Needs: log-probabilities; both backends

    The removal of :func:`probes.influence.removal`, per token: so answers of different length
    can be compared.

    Args:
        with_mean_log_prob: mean log-probability of the answer's tokens under everything.
        without_mean_log_prob: the same without the part, or with another in its place; one
            number, or one a part.

    Returns:
        One number, or one a part.
    """
    return with_mean_log_prob - without_mean_log_prob
