"""How likely an answer is to be right, by what was calibrated for the model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["WINDOW", "Confidence", "Signs"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are read again: small models ramble on."""


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What an answer shows of being right.

    Attributes:
        log_prob: mean log-probability of its first :data:`WINDOW` tokens, nats a token.
        copied: see :func:`probes.copied.copied_share`, of all accepted chunks.
        volatility: see :func:`selector.volatility_index.volatility_index`.
        utility: of the accepted chunk that is likeliest to help; 0 where none was accepted.
        state: ``[width]`` hidden state over those tokens on average, of the layer that
            :func:`probes.layers.answer_layer` names; None of a model that shows none.
    """

    log_prob: float
    copied: float
    volatility: float
    utility: float
    state: FloatArray | None


class Confidence(BaseModel):
    """A logistic regression of "the answer is right".

    Attributes:
        bias: what stands alone.
        log_prob, copied, volatility, utility: weights of the :class:`Signs` of that name.
        state: weights of the state, ``[width]``; empty where it does not count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    log_prob: float
    copied: float
    volatility: float = 0.0
    utility: float = 0.0
    state: tuple[float, ...] = ()

    def chance(self, signs: Signs) -> float:
        """The chance that an answer is right.

        Formula: ``1 / (1 + exp(-(bias + w x)))`` with the weights ``w`` and the signs ``x``
        Range: 0 to 1
        Source: Platt, 1999, Advances in Large Margin Classifiers, eq. 1, on four scores; a linear
            probe of the state, as Azaria & Mitchell, 2023, arXiv 2304.13734, train a deeper one

        Raises:
            InputError: the state is not that of this model.
        """
        score = (
            self.bias
            + self.log_prob * signs.log_prob
            + self.copied * signs.copied
            + self.volatility * signs.volatility
            + self.utility * signs.utility
        )
        if self.state:
            width = len(self.state)
            if signs.state is None or signs.state.shape != (width,):
                raise InputError(
                    f"the confidence weighs a state of {width} numbers, and "
                    f"{'none' if signs.state is None else len(signs.state)} were read",
                    hint="a profile belongs to one model: calibrate this one",
                    param="profile",
                )
            score += float(signs.state.astype(np.float64) @ np.asarray(self.state))
        return 1.0 / (1.0 + math.exp(-min(max(score, -30.0), 30.0)))
