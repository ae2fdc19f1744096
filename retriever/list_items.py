"""Which list items a line of Markdown or plain text stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Nesting", "Place"]

_MARKER = re.compile(r"[ \t]*([-+*]|\d{1,9}[.)])(?=[ \t]|$)")
_TAB = 4  # columns


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands.

    Attributes:
        depth: list items that it stands in; its own does not count for a line that begins one.
        begins: whether it begins an item.
        follows: whether it begins one below another item of the same list.
    """

    depth: int
    begins: bool = False
    follows: bool = False


class Nesting:
    """The list items that are open while the lines of a text are read from top to bottom."""

    def __init__(self) -> None:
        self._columns: list[int] = []  # where the text of each open item begins, outermost first

    def close(self) -> None:
        """End all lists, as a heading does."""
        self._columns.clear()

    def read(self, line: str, starts_block: bool) -> Place:
        """Where the next line stands.

        Args:
            line: one that is not blank, nor inside a code fence.
            starts_block: it cannot belong to the paragraph above: a blank line is between.
        """
        line = line.expandtabs(_TAB)
        marker = _MARKER.match(line)
        if not marker and not starts_block:
            return Place(len(self._columns))
        indent = len(line) - len(line.lstrip())
        before = len(self._columns)
        while self._columns and indent < self._columns[-1]:
            self._columns.pop()
        depth = len(self._columns)
        if marker:
            self._columns.append(marker.end() + 1)
        return Place(depth, begins=bool(marker), follows=bool(marker) and depth < before)
