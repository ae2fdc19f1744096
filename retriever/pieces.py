"""One piece of a text: what it holds, what is repeated around it, and whether it fits."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from retriever.boundaries import Frame, Layout
from retriever.sizes import Sizes

__all__ = ["Piece", "Ruler"]

_NOT_SPACE = re.compile(r"\S|\Z")
_DEEPEST_INDENT = 64  # characters; deeper, it is no indentation but a column of a picture


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text.

    Attributes:
        start, end: the first offset that is not white space, and the one behind the last.
        text: what stands there, with the lines that are repeated around it.
    """

    start: int
    end: int
    text: str


class Ruler:
    """Makes and measures the pieces of one text.

    Args:
        layout: of the text.
        sizes: the limit.
        indented: whether a piece keeps the white space before its first line.
    """

    def __init__(self, layout: Layout, sizes: Sizes, indented: bool) -> None:
        self.text = layout.text
        self.sizes = sizes
        self._indented = indented
        # A frame that takes more than half of every piece is not worth its room.
        self._frames = [
            frame
            for frame in layout.frames
            if sizes.of(frame.before + frame.after) * 2 <= sizes.limit
        ]
        self._starts = [frame.start for frame in self._frames]
        self._inseparable = {frame.inseparable for frame in self._frames}

    def written(self, start: int) -> int:
        """The first offset from ``start`` on that is not white space; the end if all is."""
        found = _NOT_SPACE.search(self.text, start)
        return found.start() if found else len(self.text)

    def may_cut(self, offset: int) -> bool:
        """Whether a cut at ``offset`` leaves something in the piece beside what is repeated."""
        return offset not in self._inseparable

    def piece(self, start: int, end: int) -> Piece | None:
        """What stands there; None where it is all white space."""
        first = self.written(start)
        body = self.text[first:end].rstrip()
        if not body:
            return None
        before, after = self.around(start, end)
        return Piece(first, first + len(body), before + body + after)

    def fits(self, start: int, end: int) -> bool:
        """Whether the piece fits the limit; the longest piece costs no more than one that does."""
        first = self.written(start)
        furthest = first + self.sizes.reach
        if furthest < end and self.written(furthest) < end:
            return False
        before, after = self.around(start, end)
        body = self.text[first : min(end, furthest)].rstrip()
        return self.sizes.fits(before + body + after)

    def around(self, start: int, end: int) -> tuple[str, str]:
        """What a piece has before its first word, and behind its last one."""
        below, above = self._frame(start), self._frame(end)
        before = below.before if below else ""
        return before + self._indent(start), above.after if above else ""

    def _frame(self, offset: int) -> Frame | None:
        """The table or fence that a cut at ``offset`` goes through."""
        number = bisect_left(self._starts, offset) - 1
        if number < 0 or offset >= self._frames[number].end:
            return None
        return self._frames[number]

    def _indent(self, start: int) -> str:
        """The white space of the first line with words, where the piece has all of it."""
        first = self.written(start)
        line = self.text.rfind("\n", start, first) + 1
        if not line:
            if start and self.text[start - 1] != "\n":
                return ""
            line = start
        return self.text[line:first] if self._indented and first - line <= _DEEPEST_INDENT else ""
