"""What an answer shows of being right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["WIDEST_LEAD", "WINDOW", "Signs", "backing", "gain", "lead"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are looked at: small models ramble on."""

WIDEST_LEAD = 0.1
"""A larger lead of one chunk over the next tells no more."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What an answer shows of being right in its first :data:`WINDOW` tokens.

    All are continuous in what is computed: the same answer from the same chunks shows the same,
    but for roundings.

    Attributes:
        log_prob: their mean log-probability, nats a token.
        gain: see :func:`gain`, of the context; 0 without one.
        backing: see :func:`backing`; 0 where there is none.
        lead: see :func:`lead`, of all chunks that were retrieved; 0 where none is in the context,
            None of an embedder that nobody knows.
        copied: see :func:`probes.copied.copied_share`, of all chunks in the context; it is shown,
            and not weighed beside the backing.
        chunks: how many chunks are in the context; likewise.
    """

    log_prob: float
    gain: float
    backing: float
    lead: float | None
    copied: float
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
    """How far the chunk that is likeliest to help says what the answer says.

    Formula: ``max_i c_i (1 - v_i) / max_i (1 - v_i)``
    Unit: share of words; those of a chunk that is half as likely to help count half
    Range: 0 to 1; 0 without chunks

    An answer can be copied from a wrong chunk as surely as from the right one: what tells is the
    chunk that it is copied from.

    Args:
        copied: ``[k]`` c, see :func:`probes.copied.copied_share`, of each chunk of the context.
        volatilities: ``[k]`` v, of the same chunks.
    """
    helps = [1 - v for v in volatilities]
    backed = (share * chance for share, chance in zip(copied, helps, strict=True))
    best = max(helps, default=0.0)
    return max(backed) / best if best else 0.0


def lead(similarities: Sequence[float]) -> float:
    """How much more similar to the question the most similar chunk is than the next.

    Formula: ``min(c_1 - c_2, 0.1)`` with the similarities ``c`` in falling order
    Unit: cosine
    Range: 0 to :data:`WIDEST_LEAD`, which is also that of a chunk alone; 0 without chunks

    Two chunks that fit the question alike may say two things, such as a statement and what
    contradicts it.

    Args:
        similarities: ``[k]`` of all chunks that were retrieved.
    """
    if not similarities:
        return 0.0
    first, *others = sorted(similarities, reverse=True)
    return min([WIDEST_LEAD, *(first - other for other in others[:1])])
