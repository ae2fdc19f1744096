"""Found chunks joined with the chunks beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from retriever.chunking import Chunk
from retriever.rows import RankedChunk

__all__ = ["NO_WINDOW", "Place", "Window", "joined", "places_beside"]

Place = tuple[str, int]
"""Of a chunk: its source and position."""

_SHORTEST_OVERLAP = 16  # characters; less is the same by chance, such as a bracket or a short word

_TABLE_HEAD = re.compile(r"[^\n]*\|[^\n]*\n[ |:]*-[ |:-]*\n")


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the document around a found chunk comes with it.

    Attributes:
        chunks: on either side, at most; 0 for the found chunk alone.
        tokens: most that a joined chunk has, of the embedder's. A found chunk that has more stays
            as it is.
    """

    chunks: int = 0
    tokens: int = 512


NO_WINDOW = Window()


def places_beside(found: Iterable[RankedChunk], window: Window) -> list[Place]:
    """Where the neighbours of found chunks stand, each place once; a document may end before."""
    away = [step for step in range(-window.chunks, window.chunks + 1) if step]
    places = (
        (hit.source, hit.chunk.position + step)
        for hit in found
        for step in away
        if hit.chunk.position + step >= 0
    )
    return list(dict.fromkeys(places))


def joined(
    found: Sequence[RankedChunk],
    beside: Mapping[Place, Chunk],
    window: Window,
    count_tokens: Callable[[str], int],
) -> list[RankedChunk]:
    """The found chunks, best first, with their neighbours' texts before and behind their own.

    Each keeps its id, source, place and similarity. No chunk comes twice: one that was found is
    joined to no other, and one between two that were found goes with the better. The nearest
    neighbours come first, the one before ahead of the one behind; a side ends at the first that is
    missing, taken or too long.

    Args:
        beside: the neighbours, by their place.
        count_tokens: tokens of the embedder's for a text.
    """
    taken = {(hit.source, hit.chunk.position) for hit in found}
    wider = []
    for hit in found:
        text = hit.text
        sides = [-1, 1]
        for distance in range(1, window.chunks + 1):
            for side in tuple(sides):
                place = (hit.source, hit.chunk.position + side * distance)
                longer = None
                if place in beside and place not in taken:
                    other = beside[place].text
                    longer = _join(other, text) if side < 0 else _join(text, other)
                if longer is None or count_tokens(longer) > window.tokens:
                    sides.remove(side)
                    continue
                taken.add(place)
                text = longer
        wider.append(replace(hit, chunk=replace(hit.chunk, text=text)))
    return wider


def _join(first: str, second: str) -> str:
    """Both in one, what the second repeats of the first's end left out."""
    for length in range(min(len(first), len(second)), _SHORTEST_OVERLAP - 1, -1):
        if first.endswith(second[:length]):
            return first + second[length:]
    # Each piece of a table that was cut has its head.
    head = _TABLE_HEAD.match(second)
    if head and head[0] in first and "|" in first.rpartition("\n")[2]:
        second = second[head.end() :]
    # One line end: rows of a table and items of a list stay together.
    return f"{first}\n{second}"
