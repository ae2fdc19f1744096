"""What an answer shows of being right."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["WINDOW", "Signs", "gain"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are looked at: small models ramble on."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What an answer shows of being right in its first :data:`WINDOW` tokens.

    All are continuous in what the model computes: the same answer from the same chunks shows the
    same, but for roundings.

    Attributes:
        log_prob: their mean log-probability, nats a token.
        gain: see :func:`gain`, of the context; 0 without one.
        backing: see :func:`probes.copied.backing`, of the sentences of its chunks.
        copied: see :func:`probes.copied.copied_share`, of all chunks in the context; it stands in
            the report, and is not weighed beside the backing.
        chunks: how many are in the context; not weighed either: it tells answers from chunks from
            those without.
        consensus: see :func:`probes.copied.consensus`, of the other variants' first tokens; None
            where no other variant has begun.
    """

    log_prob: float
    gain: float
    backing: float
    copied: float
    chunks: int
    consensus: float | None = None


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
