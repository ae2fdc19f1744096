"""Tables and code fences of a Markdown text, and what a piece of one needs to be read alone."""

from __future__ import annotations

from retriever.boundaries import Frame
from retriever.headings import Line, closes_fence, fence_mark

__all__ = ["find_fences", "find_tables"]


def find_fences(lines: list[Line]) -> list[tuple[range, Frame]]:
    """Each code fence: the numbers of its lines, both fence lines included, and its frame."""
    fences: list[tuple[range, Frame]] = []
    first = 0
    while first < len(lines):
        if not lines[first].fenced:
            first += 1
            continue
        last, closed = _last_of_fence(lines, first)
        fences.append((range(first, last + 1), _fence_frame(lines, first, last, closed)))
        first = last + 1
    return fences


def find_tables(lines: list[Line]) -> list[tuple[range, Frame]]:
    """Each pipe table outside fences: the numbers of its lines, header included, and its frame."""
    tables: list[tuple[range, Frame]] = []
    number = 0
    while number + 1 < len(lines):
        if not _is_head(lines[number], lines[number + 1]):
            number += 1
            continue
        stop = number + 2
        while stop < len(lines) and _is_row(lines[stop]):
            stop += 1
        before = f"{lines[number].content.strip()}\n{lines[number + 1].content.strip()}\n"
        body = lines[number + 1].end
        frame = Frame(body, lines[stop - 1].end, before, "", body + 1)
        tables.append((range(number, stop), frame))
        number = stop
    return tables


def _last_of_fence(lines: list[Line], first: int) -> tuple[int, bool]:
    """The number of the last line of the fence that opens at ``first``; whether it closes it."""
    mark = fence_mark(lines[first].content)
    for number in range(first + 1, len(lines)):
        if closes_fence(lines[number].content, mark):
            return number, True
    return len(lines) - 1, False


def _fence_frame(lines: list[Line], first: int, last: int, closed: bool) -> Frame:
    opening, closing = lines[first], lines[last]
    after = closing.content.strip() if closed else fence_mark(opening.content)
    end = closing.start if closed else closing.end
    return Frame(opening.start, end, f"{opening.content.strip()}\n", f"\n{after}", end)


def _is_row(line: Line) -> bool:
    return "|" in line.content and not line.fenced


def _is_head(line: Line, below: Line) -> bool:
    delimiter = below.content
    return (
        _is_row(line)
        and _is_row(below)
        and "-" in delimiter
        and set(delimiter) <= set(" \t|:-")
        and _cells(line.content) == _cells(delimiter)
    )


def _cells(row: str) -> int:
    escaped = row.replace(r"\|", "")
    return escaped.strip().removeprefix("|").removesuffix("|").count("|") + 1
