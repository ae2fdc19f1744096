"""In which order chunks enter the context."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

__all__ = ["Order", "ordered"]


class Order(StrEnum):
    """What comes first.

    All but the first make the context, and with it the answer, independent of the order in which
    chunks were retrieved.
    """

    RANK = "rank"
    """The most similar chunk."""
    BEST_FIRST = "best-first"
    """The chunk of the highest utility."""
    BEST_LAST = "best-last"
    """That of the lowest: the best one stands next to the question."""
    BRIDGE = "bridge"
    """The chunk that moves the model least."""


def ordered(order: Order, utilities: Sequence[float] | None, drifts: Sequence[float]) -> list[int]:
    """Places of chunks, the first to enter first; equal ones keep their order.

    Args:
        utilities: ``[k]`` where they are known before a chunk is injected; without them chunks go
            by rank where they were to go by utility.
        drifts: ``[k]`` logit drifts of each chunk alone, bits a token.
    """
    places = list(range(len(drifts)))
    if order is Order.BRIDGE:
        return sorted(places, key=lambda place: drifts[place])
    if order is Order.RANK or utilities is None:
        return places
    sign = -1 if order is Order.BEST_FIRST else 1
    return sorted(places, key=lambda place: sign * utilities[place])
