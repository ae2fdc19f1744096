"""The majority: what most of the chunks within budget say, where they do not all agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["can_outvote", "majority"]

_FEWEST = 3

_AGREES = 0.5


def can_outvote(chunks: int) -> bool:
    """Whether so many chunks can have a majority: of two that disagree, neither is one."""
    return chunks >= _FEWEST


def majority(agreements: NDArray[np.float64], texts: Sequence[str]) -> list[int]:
    """Which chunks outvote the others.

    The largest group around one chunk, with which all others of the group agree by half at least;
    it must be more than half of all. A text that stands there twice has one vote.

    Args:
        agreements: ``[k, k]``, see :func:`probes.support.agreement`.
        texts: of the chunks.

    Returns:
        Places of the group, the chunk in its middle first; all places where everyone agrees; none
        where there is no majority.
    """
    linked = np.asarray(agreements >= _AGREES)
    names = [" ".join(text.split()).casefold() for text in texts]
    voters = [{names[other] for other in np.flatnonzero(row)} for row in linked]
    middle = max(range(len(names)), key=lambda place: len(voters[place]), default=None)
    if middle is None or 2 * len(voters[middle]) <= len(set(names)):
        return []
    return [middle, *(int(place) for place in np.flatnonzero(linked[middle]) if place != middle)]
