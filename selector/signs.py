"""What an answer shows of being right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["WINDOW", "Signs", "backing", "gain"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are looked at: small models ramble on."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What an answer shows of being right in its first :data:`WINDOW` tokens.

    All are continuous in what the model computes: the same answer from the same chunks shows the
    same, but for roundings.

    Attributes:
        log_prob: their mean log-probability, nats a token.
        copied: see :func:`probes.copied.copied_share`, of all chunks in the context.
        gain: see :func:`gain`, of the context; 0 without one.
        volatility: of the steadiest of its chunks; 1 where there is none.
        backing: see :func:`backing`; 0 where there is none.
        chunks: how many there are.
    """

    log_prob: float
    copied: float
    gain: float
    volatility: float
    backing: float
    chunks: int


def gain(in_context: float, without: float) -> float:
    """How much more probable the context makes an answer.

    Formula: ``exp(l_context) - exp(l_none)``: the difference of the geometric means of its tokens'
        probabilities
    Range: -1 to 1

    Unlike the difference of the logarithms it does not grow where both are tiny: what the model
    would not say in the context either gains nothing, however much less likely it is without.

    Args:
        in_context: mean log-probability of its tokens in the context, nats a token.
        without: the same without context.
    """
    return math.exp(in_context) - math.exp(without)


def backing(copied: Sequence[float], volatilities: Sequence[float]) -> float:
    """How far one chunk that is likely to help says what the answer says.

    Formula: ``max_i c_i (1 - v_i)``
    Unit: share of words, times a chance
    Range: 0 to 1; 0 without chunks

    An answer can be copied from a wrong chunk as surely as from the right one: what tells is the
    chunk that it is copied from.

    Args:
        copied: ``[k]`` c, see :func:`probes.copied.copied_share`, of each chunk of the context.
        volatilities: ``[k]`` v, of the same chunks.
    """
    backed = (share * (1 - v) for share, v in zip(copied, volatilities, strict=True))
    return max(backed, default=0.0)
