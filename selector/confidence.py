"""How likely an answer is to be right, by what was calibrated for the model."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

__all__ = ["WINDOW", "Confidence"]

WINDOW = 16
"""Tokens of an answer, its first ones, whose log-probability counts: small models ramble on."""


class Confidence(BaseModel):
    """A logistic regression of "the answer is right".

    Attributes:
        bias: what stands alone.
        log_prob: weight of the mean log-probability of the answer's first :data:`WINDOW` tokens,
            per nat a token.
        copied: weight of :func:`probes.copied.copied_share` of all accepted chunks.
        volatility: weight of :func:`selector.volatility_index.volatility_index`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    log_prob: float
    copied: float
    volatility: float = 0.0

    def chance(self, log_prob: float, copied: float, volatility: float) -> float:
        """The chance that an answer is right.

        Formula: ``1 / (1 + exp(-(bias + log_prob l + copied c + volatility v)))``
        Range: 0 to 1
        Source: Platt, 1999, Advances in Large Margin Classifiers, eq. 1, on three scores

        Args:
            log_prob: ``l``, nats a token.
            copied: ``c``, 0 to 1.
            volatility: ``v``, 0 to 1.
        """
        score = self.bias + self.log_prob * log_prob + self.copied * copied
        score += self.volatility * volatility
        return 1.0 / (1.0 + math.exp(-min(max(score, -30.0), 30.0)))
