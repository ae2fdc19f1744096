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
    SIMILAR_LAST = "similar-last"
    """The chunk that is least similar to the question, so that the most similar one stands next to
    it."""
    SIMILAR_FIRST = "similar-first"
    """The chunk that is most similar to the question, so that it stands farthest from it."""


def ordered(
    order: Order, similarities: Sequence[float], volatilities: Sequence[float]
) -> list[int]:
    """Places of chunks, the first to enter first.

    Of two equal ones the first stands later where the last matters, else earlier.

    Args:
        similarities: ``[k]`` of each chunk to the question.
        volatilities: ``[k]``, see :class:`selector.verdict.Verdict`.
    """
    places = list(range(len(volatilities)))
    if order is Order.RANK:
        return places
    if order in {Order.SIMILAR_FIRST, Order.SIMILAR_LAST}:
        similar_first = sorted(places, key=lambda place: -similarities[place])
        return similar_first if order is Order.SIMILAR_FIRST else similar_first[::-1]
    best_first = sorted(places, key=lambda place: volatilities[place])
    return best_first if order is Order.BEST_FIRST else best_first[::-1]
