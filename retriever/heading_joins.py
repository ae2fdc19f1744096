"""Headings that stay with what follows them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from retriever.boundaries import Boundary, Layout
from retriever.pieces import Ruler

__all__ = ["join_headings"]


def join_headings(layout: Layout, ruler: Ruler) -> list[Boundary]:
    """The boundaries of a text without those between a heading and what it must stay with.

    That is the sentence below, or the first lines of a table; or the whole list item or code fence
    where that fits on its own. The heading stays alone where both do not fit together.
    """
    joiner = _Joiner(layout, ruler)
    dropped: set[int] = set()
    reach = 0
    for (start, _), below in zip(layout.headings, joiner.texts_below(), strict=True):
        if start < reach:
            continue  # the heading above has taken it along
        end = joiner.unit_end(below)
        if joiner.belong_together(start, below, end):
            dropped.update(joiner.between(start, end))
            reach = end
    return [found for found in layout.boundaries if found.offset not in dropped]


class _Joiner:
    def __init__(self, layout: Layout, ruler: Ruler) -> None:
        self._layout = layout
        self._ruler = ruler
        self._offsets = [found.offset for found in layout.boundaries]

    def texts_below(self) -> list[int]:
        """For each heading where its text starts, past the headings directly below it."""
        below: dict[int, int] = {}
        for start, end in reversed(self._layout.headings):
            following = self._ruler.written(end)
            below[start] = below.get(following, following)
        return [below[start] for start, _ in self._layout.headings]

    def unit_end(self, start: int) -> int:
        """Where the least that a heading can stay with ends."""
        number = bisect_right(self._offsets, start)
        if start >= len(self._layout.text) or not number:
            return len(self._layout.text)
        if keep := self._layout.boundaries[number - 1].keep:
            whole = self._next(number, keep)
            if self._ruler.fits(start, whole):
                return whole
        return self._next(number, 0)

    def belong_together(self, start: int, below: int, end: int) -> bool:
        """Whether to keep a heading with the text ``below`` it, of which the least has an end.

        Text that has to be cut anyway is cut so that its beginning stays with the heading.
        """
        fits = self._ruler.fits
        return fits(start, end) or (fits(start, below) and not fits(below, end))

    def between(self, start: int, end: int) -> list[int]:
        """Offsets of the boundaries between two offsets."""
        return self._offsets[bisect_right(self._offsets, start) : bisect_left(self._offsets, end)]

    def _next(self, number: int, level: int) -> int:
        """The offset of the first boundary of a level from ``number`` on, as far as one reaches."""
        first = self._offsets[number - 1]
        for place in range(number, len(self._offsets)):
            found = self._layout.boundaries[place]
            if found.level >= level or found.offset - first > self._ruler.sizes.reach:
                return found.offset
        return len(self._layout.text)
