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
    """The chunk that the search ranks first."""
    BEST_FIRST = "best-first"
    """The steadiest chunk: that of the lowest volatility."""
    BEST_LAST = "best-last"
    """That of the highest: the steadiest one stands next to the question."""
    BRIDGE = "bridge"
    """The chunk that moves the model least."""


def ordered(order: Order, volatilities: Sequence[float], drifts: Sequence[float]) -> list[int]:
    """Places of chunks, the first to enter first; equal ones keep their order.

    Args:
        volatilities: ``[k]`` of each chunk, see :class:`selector.verdict.Verdict`.
        drifts: ``[k]`` logit drifts of each chunk alone, bits a token.
    """
    places = list(range(len(drifts)))
    if order is Order.BRIDGE:
        return sorted(places, key=lambda place: drifts[place])
    if order is Order.RANK:
        return places
    sign = 1 if order is Order.BEST_FIRST else -1
    return sorted(places, key=lambda place: sign * volatilities[place])
