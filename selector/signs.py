"""What an answer shows of being right."""

from __future__ import annotations

import math
from dataclasses import dataclass

from probes.state import FloatArray

__all__ = ["WINDOW", "Signs", "gain"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are looked at: small models ramble on."""


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What an answer shows of being right in its first :data:`WINDOW` tokens.

    All are continuous in what the model computes: the same answer from the same chunks shows the
    same, but for roundings.

    Attributes:
        log_prob: their mean log-probability, nats a token.
        copied: see :func:`probes.copied.copied_share`, of all chunks in the context.
        gain: see :func:`gain`, of the steadiest of these chunks alone; 0 where there is none.
        volatility: of that chunk; 1 where there is none.
        state: ``[width]`` hidden state over those tokens on average, of the layer that
            :func:`probes.layers.answer_layer` names; None of a model that shows none.
    """

    log_prob: float
    copied: float
    gain: float
    volatility: float
    state: FloatArray | None


def gain(under_chunk: float, without: float) -> float:
    """How much more probable a chunk makes an answer.

    Formula: ``exp(l_chunk) - exp(l_none)``: the difference of the geometric means of its tokens'
        probabilities
    Range: -1 to 1

    Unlike the difference of the logarithms it does not grow where both are tiny: what the model
    would not say under the chunk either gains nothing, however much less likely it is without.

    Args:
        under_chunk: mean log-probability of its tokens under the chunk alone, nats a token.
        without: the same without context.
    """
    return math.exp(under_chunk) - math.exp(without)
