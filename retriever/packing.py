"""A text with known boundaries, cut into pieces as large as the limit allows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from retriever.boundaries import Boundary, Layout
from retriever.heading_joins import join_headings
from retriever.pieces import Piece, Ruler

__all__ = ["pack"]

_SPACES = re.compile(r"\s+")


def pack(layout: Layout, ruler: Ruler) -> Iterator[Piece]:
    """The pieces of a text, in order; together they hold all of it but white space.

    A piece ends at the best boundary that it can reach: of the levels at which what comes first
    fits, the highest one is taken, and as much as fits up to boundaries of at least that level.
    So nothing that fits is cut for the sake of a fuller piece. The time is linear in the text:
    a piece looks no further than the limit reaches.

    Args:
        layout: the text and its boundaries.
        ruler: of the same text.
    """
    boundaries = [found for found in join_headings(layout, ruler) if ruler.may_cut(found.offset)]
    cutter = _Cutter(boundaries, len(layout.text), ruler)
    start = 0
    while start < len(layout.text):
        end = cutter.end(start)
        if piece := ruler.piece(start, end):
            yield piece
        start = end


class _Cutter:
    """Finds where a piece ends.

    Args:
        boundaries: in order.
        length: of the text, in characters.
        ruler: of the text.
    """

    def __init__(self, boundaries: Sequence[Boundary], length: int, ruler: Ruler) -> None:
        levels = sorted({found.level for found in boundaries}, reverse=True)
        ends = [[b.offset for b in boundaries if b.level >= level] for level in levels]
        self._ends = [[length], *([*offsets, length] for offsets in ends)]
        self._ruler = ruler

    def end(self, start: int) -> int:
        """Where the piece that begins at ``start`` ends; always behind it."""
        refused = 0
        for offsets in self._ends:  # those of the highest level first
            first = bisect_right(offsets, start)
            if offsets[first] == refused:
                continue
            if self._ruler.fits(start, offsets[first]):
                return self._furthest(start, offsets, first)
            refused = offsets[first]
        return self._within(start, refused)

    def _furthest(self, start: int, ends: Sequence[int], first: int) -> int:
        """The last of ``ends`` up to which a piece fits; up to ``ends[first]`` one does."""
        reach = self._ruler.written(start) + self._ruler.sizes.reach
        # One more than is in reach: white space behind a piece does not count.
        stop = min(bisect_right(ends, reach, lo=first) + 1, len(ends))

        def too_long(end: int) -> bool:
            return not self._ruler.fits(start, end)

        return ends[bisect_left(ends, True, lo=first + 1, hi=stop, key=too_long) - 1]

    def _within(self, start: int, end: int) -> int:
        """Where to cut what does not fit and has no boundary: between words, else in one."""
        ruler = self._ruler
        first = ruler.written(start)
        stop = min(end, first + ruler.sizes.reach + 1)
        gaps = [gap.end() for gap in _SPACES.finditer(ruler.text, first, stop)]
        ends = [gap for gap in gaps if gap < end and ruler.may_cut(gap)]
        cut = first
        if ends and ruler.fits(start, ends[0]):
            cut = self._furthest(start, ends, 0)
        following = next((gap for gap in ends if gap > cut), stop)
        if cut > first and (self._is_half_full(start, cut) or ruler.fits(cut, following)):
            return cut
        before, after = ruler.around(start, cut + 1)
        before += ruler.text[first:cut]
        word = ruler.text[cut:following].rstrip()
        return cut + _fitting(
            word, lambda part: ruler.sizes.of(before + part + after), ruler.sizes.limit
        )

    def _is_half_full(self, start: int, end: int) -> bool:
        piece = self._ruler.piece(start, end)
        return piece is not None and self._ruler.sizes.of(piece.text) * 2 > self._ruler.sizes.limit


def _fitting(word: str, size: Callable[[str], int], limit: int) -> int:
    """How many characters of a word without spaces to take, at least one.

    In Thai and Chinese such a word is a text, and cut between what are words to its readers.
    """
    from semantic_text_splitter import TextSplitter  # only to ingest

    while len(word) > 1 and size(word[: len(word) // 2]) > limit:
        word = word[: len(word) // 2]
    return len(TextSplitter.from_callback(size, limit, trim=False).chunks(word)[0])
