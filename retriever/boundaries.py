"""Where a text may be cut, and how gladly."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GROUP", "LINE", "SENTENCE", "Boundary", "Frame", "Layout", "block", "heading", "item"]

SENTENCE = 10
"""Level of the start of a sentence."""
LINE = 20
"""Level of a line that its writer began where it begins: a table's row, a line of code."""
GROUP = 30
"""Level of a line of code below a blank line."""
_BLOCK = 60
_DEEPEST = 6  # deeper lists and definitions are cut as if they were this deep
_MOST_BLANK = 9  # blank lines that make a difference
_HEADING = 80


def block(depth: int = 0, blank_lines: int = 1) -> int:
    """Level of the start of a paragraph, list, table, fence or definition.

    Args:
        depth: list items or definitions that it stands in.
        blank_lines: above it; the more, the better a place to cut.
    """
    more = min(max(blank_lines - 1, 0), _MOST_BLANK) if depth == 0 else 0
    return _BLOCK - 2 * min(depth, _DEEPEST) + more


def item(depth: int) -> int:
    """Level of the start of a list item that stands in ``depth`` others: below its list's."""
    return _BLOCK - 2 * min(depth, _DEEPEST) - 1


def heading(level: int) -> int:
    """Level of the start of a heading of level 1 to 6."""
    return _HEADING - level


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place where a text may be cut.

    Attributes:
        offset: what starts there.
        level: the higher, the better a place.
        keep: what starts here reaches to the next boundary of at least this level, and is whole
            wherever it fits; 0 for what reaches to the next boundary of any level.
    """

    offset: int
    level: int
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What is repeated around the pieces of a table or code fence that is cut.

    Attributes:
        start, end: a cut at an offset between them, neither included, is within.
        before: for a piece that starts within, the lines to put above it.
        after: for a piece that ends within, the line to put below it.
        inseparable: where a cut would leave a piece of nothing but the frame: the first row of a
            table, the last line of a fence.
    """

    start: int
    end: int
    before: str
    after: str
    inseparable: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A text and what is known of its structure.

    Attributes:
        text: all of it.
        boundaries: in order, each after the text's start and before its end.
        frames: in order; none overlap.
        titles: offsets from which on a piece that starts there is titled so, in order; empty for
            the document's title.
        headings: starts and ends of what is to stay with the text below it, in order.
    """

    text: str
    boundaries: tuple[Boundary, ...]
    frames: tuple[Frame, ...] = ()
    titles: tuple[tuple[int, str], ...] = ()
    headings: tuple[tuple[int, int], ...] = ()
