"""The volatility index of an answer: the calibrated chance that it is wrong."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from selector.signs import Signs

__all__ = ["VolatilityIndex"]


class VolatilityIndex(BaseModel):
    """A logistic regression of "the answer is wrong".

    Attributes:
        bias: what stands alone.
        log_prob, gain, backing: weights of the :class:`selector.signs.Signs` of that name.
        consensus: likewise, where other variants have begun.
        compared: what stands beside it there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    log_prob: float
    gain: float
    backing: float
    consensus: float = 0.0
    compared: float = 0.0

    def chance(self, signs: Signs) -> float:
        """The chance that an answer is wrong.

        Formula: ``1 / (1 + exp(-(bias + w x)))`` with the weights ``w`` and the signs ``x``
        Range: 0 to 1
        Source: Platt, 1999, Advances in Large Margin Classifiers, eq. 1, on several scores
        """
        score = (
            self.bias
            + self.log_prob * signs.log_prob
            + self.gain * signs.gain
            + self.backing * signs.backing
        )
        if signs.consensus is not None:
            score += self.compared + self.consensus * signs.consensus
        return 1.0 / (1.0 + math.exp(-min(max(score, -30.0), 30.0)))
