"""What an answer shows of being right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from probes.state import FloatArray

__all__ = ["BEGINNING", "WINDOW", "Signs", "unsupported"]

WINDOW = 16
"""Tokens of an answer, its first ones, that are read again: small models ramble on."""

BEGINNING = 24
"""Tokens of an answer, its first ones, that must rest on something: half as many again as a draft
has by default. What goes on beyond its drafts counts against an answer, however long it is not."""


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What an answer shows of being right.

    Attributes:
        log_prob: mean log-probability of its first :data:`WINDOW` tokens, nats a token.
        copied: see :func:`probes.copied.copied_share`, of all accepted chunks.
        unsupported: see :func:`unsupported`.
        volatility: of the steadiest accepted chunk; 1 where none was accepted.
        state: ``[width]`` hidden state over those tokens on average, of the layer that
            :func:`probes.layers.answer_layer` names; None of a model that shows none.
    """

    log_prob: float
    copied: float
    unsupported: float
    volatility: float
    state: FloatArray | None


def unsupported(volatilities: Sequence[float], carried: Sequence[float]) -> float:
    """How little an answer rests on the chunks that were accepted for it.

    Formula: ``prod_j (1 - (1 - v_j) c_j)``: the chance that none of the accepted chunks both helps
        and carries the answer, were they independent
    Range: 0 to 1; 1 where there is none
    Source: noisy-or, Pearl, 1988, Probabilistic Reasoning in Intelligent Systems, 4.3.2

    A chunk carries as much of an answer as it leads the model to by itself. What no step led to in
    its own small dose, the model was jolted into.

    Args:
        volatilities: ``v_j``, of each accepted chunk, 0 to 1.
        carried: ``c_j``, the share of the answer that stands in the chunk and in the draft under it
            alone, 0 to 1, see :func:`probes.copied.copied_share`.
    """
    return math.prod(1 - (1 - v) * c for v, c in zip(volatilities, carried, strict=True))
