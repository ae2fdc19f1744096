"""The volatility index of an answer: how little it rests on the steps that led to it."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["BEGINNING", "volatility_index"]

BEGINNING = 24
"""Tokens of an answer, its first ones, that must rest on something: half as many again as a draft
has by default. What goes on beyond its drafts counts against an answer, however long it is not."""


def volatility_index(utilities: Sequence[float], carried: Sequence[float]) -> float:
    """How little an answer rests on the chunks that were accepted for it.

    Formula: ``prod_j (1 - u_j c_j)``: the chance that none of the accepted chunks both helps and
        carries the answer, were they independent
    Range: 0 to 1; 1 where there is none
    Source: noisy-or, Pearl, 1988, Probabilistic Reasoning in Intelligent Systems, 4.3.2

    A chunk carries as much of an answer as it leads the model to by itself. What no step led to in
    its own small dose, the model was jolted into.

    Args:
        utilities: ``u_j``, of each accepted chunk, 0 to 1.
        carried: ``c_j``, the share of the answer that stands in the chunk and in the draft under it
            alone, 0 to 1, see :func:`probes.copied.copied_share`.
    """
    return math.prod(1 - u * c for u, c in zip(utilities, carried, strict=True))
