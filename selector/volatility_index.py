"""The volatility index of an answer: the calibrated chance that it is wrong."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict

from overlay.errors import InputError
from selector.signs import Signs

__all__ = ["VolatilityIndex"]


class VolatilityIndex(BaseModel):
    """A logistic regression of "the answer is wrong".

    Attributes:
        bias: what stands alone.
        log_prob, copied, gain, volatility, backing, chunks: weights of the
            :class:`selector.signs.Signs` of that name.
        state: weights of the state, ``[width]``; empty where it does not count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    log_prob: float
    copied: float
    gain: float
    volatility: float
    backing: float
    chunks: float
    state: tuple[float, ...] = ()

    def chance(self, signs: Signs) -> float:
        """The chance that an answer is wrong.

        Formula: ``1 / (1 + exp(-(bias + w x)))`` with the weights ``w`` and the signs ``x``
        Range: 0 to 1
        Source: Platt, 1999, Advances in Large Margin Classifiers, eq. 1, on six scores; a linear
            probe of the state, as Azaria & Mitchell, 2023, arXiv 2304.13734, train a deeper one

        Raises:
            InputError: the state is not that of this model.
        """
        score = (
            self.bias
            + self.log_prob * signs.log_prob
            + self.copied * signs.copied
            + self.gain * signs.gain
            + self.volatility * signs.volatility
            + self.backing * signs.backing
            + self.chunks * signs.chunks
        )
        if self.state:
            width = len(self.state)
            if signs.state is None or signs.state.shape != (width,):
                raise InputError(
                    f"the volatility index weighs a state of {width} numbers, and "
                    f"{'none' if signs.state is None else len(signs.state)} were read",
                    hint="a profile belongs to one model: calibrate this one",
                    param="profile",
                )
            score += float(signs.state.astype(np.float64) @ np.asarray(self.state))
        return 1.0 / (1.0 + math.exp(-min(max(score, -30.0), 30.0)))
