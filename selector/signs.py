"""What an answer shows of being right."""

from __future__ import annotations

from dataclasses import dataclass

from probes.state import FloatArray

__all__ = ["WINDOW", "Signs"]

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
        gain: how much likelier the steadiest of these chunks alone makes them than no context
            does, nats a token (the pointwise information that the chunk has of the answer); 0
            where there is no chunk.
        volatility: of that chunk; 1 where there is none.
        state: ``[width]`` hidden state over those tokens on average, of the layer that
            :func:`probes.layers.answer_layer` names; None of a model that shows none.
    """

    log_prob: float
    copied: float
    gain: float
    volatility: float
    state: FloatArray | None
