"""The layout of Markdown and plain text: where its blocks, list items and sentences begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from retriever.boundaries import (
    GROUP,
    LINE,
    SENTENCE,
    Boundary,
    Frame,
    Layout,
    block,
    heading,
    item,
)
from retriever.frames import find_fences, find_tables
from retriever.headings import Heading, Line, find_headings, split_lines
from retriever.list_items import Nesting
from retriever.sentences import is_wrapped, sentence_starts

__all__ = ["lay_out_markdown", "lay_out_text"]

_RULE = re.compile(r" {0,3}([-*_])[ \t]*+(?:\1[ \t]*+){2,}$")


def lay_out_markdown(text: str) -> Layout:
    """The layout of a Markdown text, titled by its headings."""
    lines = split_lines(text)
    headings = find_headings(lines)
    framed = [*find_fences(lines), *find_tables(lines)]
    return Layout(
        text,
        tuple(_Reader(lines, headings, framed).boundaries(text)),
        tuple(sorted((frame for _, frame in framed), key=lambda frame: frame.start)),
        tuple(_titles(headings)),
        tuple((found.start, found.end) for found in headings),
    )


def lay_out_text(text: str) -> Layout:
    """The layout of a plain text: what looks like a list is one, all else is paragraphs."""
    return Layout(text, tuple(_Reader(split_lines(text), [], []).boundaries(text)))


class _Reader:
    """Goes through the lines of a text once and tells what begins with each.

    Args:
        lines: of the text.
        headings: found in them.
        framed: tables and code fences: the numbers of their lines, and their frames.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        headings: Sequence[Heading],
        framed: Sequence[tuple[range, Frame]],
    ) -> None:
        self._lines = lines
        self._headings = {found.start: heading(found.level) for found in headings}
        self._framed = {lines[number].start for numbers, _ in framed for number in numbers}
        self._openings = {lines[numbers[0]].start for numbers, _ in framed}
        # Lines that stay with the one above: below a fence or a table's head, and closing fences.
        self._joined = {frame.inseparable for _, frame in framed if frame.after}
        for numbers, _ in framed:
            inner = (lines[number] for number in numbers[1:])
            self._joined |= {line.start for line in _first_written(inner)}
        underlines = {found.end for found in headings}
        self._joined |= {line.start for line in lines if line.end in underlines}
        self._nesting = Nesting()

    def boundaries(self, text: str) -> Iterator[Boundary]:
        """Those of the text, in order of their offsets."""
        last = Boundary(len(text), 0)
        for found, following in pairwise([*self._begun(), last]):
            if found.offset > 0:
                yield found
            if found.offset not in self._framed and found.offset not in self._headings:
                for start in sentence_starts(text, found.offset, following.offset):
                    yield Boundary(start, SENTENCE)

    def _begun(self) -> Iterator[Boundary]:
        """What begins with a line, in order."""
        above: Line | None = None
        blank_lines = 0
        for line in self._lines:
            if not line.content.strip():
                blank_lines += 1
                continue
            if found := self._read(line, above, blank_lines):
                yield found
            above, blank_lines = line, 0

    def _read(self, line: Line, above: Line | None, blank_lines: int) -> Boundary | None:
        """What begins with this line; None where it goes on with what is above."""
        start = line.start
        if level := self._headings.get(start):
            self._nesting.close()
            return Boundary(start, level)
        if start in self._joined:
            return None
        opens = start in self._openings
        if start in self._framed and not opens:
            return Boundary(start, GROUP if blank_lines else LINE)
        if _RULE.match(line.content):
            self._nesting.close()
            underlines = above and not blank_lines and not self._ends_block(above)
            return None if underlines else Boundary(start, block(0, blank_lines))
        if above is None or blank_lines or opens or self._ends_block(above):
            return self._block(line, blank_lines)
        return self._line(line, above)

    def _block(self, line: Line, blank_lines: int) -> Boundary:
        """A list item, or the first line of a block."""
        place = self._nesting.read(line.content, starts_block=True)
        level = block(place.depth, blank_lines)
        if place.begins:
            own = item(place.depth)
            return Boundary(line.start, own if place.follows else level, keep=own)
        fenced = line.start in self._openings and line.fenced
        return Boundary(line.start, level, keep=GROUP + 1 if fenced else 0)

    def _line(self, line: Line, above: Line) -> Boundary | None:
        """A line directly below another of the same block, or a list item there."""
        if line.fenced or above.fenced:
            return Boundary(line.start, LINE)
        place = self._nesting.read(line.content, starts_block=False)
        if place.begins:
            own = item(place.depth)
            return Boundary(line.start, own if place.follows else block(place.depth), keep=own)
        if is_wrapped(above.content, line.content, place.depth > 0):
            return None
        return Boundary(line.start, LINE)

    def _ends_block(self, line: Line) -> bool:
        return (
            line.start in self._framed
            or line.start in self._headings
            or (line.start in self._joined or bool(_RULE.match(line.content)))
        )


def _first_written(lines: Iterator[Line]) -> list[Line]:
    """The first of the lines that is not blank, if there is one."""
    return [line for line in lines if line.content.strip()][:1]


def _titles(headings: Sequence[Heading]) -> Iterator[tuple[int, str]]:
    """For each heading its start, and the headings in force below it, outermost first."""
    in_force: list[Heading] = []
    for found in headings:
        in_force = [*(outer for outer in in_force if outer.level < found.level), found]
        yield found.start, " > ".join(outer.title for outer in in_force)
