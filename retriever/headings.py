"""Lines and headings of a Markdown text, by offset: enough to name and place chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Heading", "Line", "closes_fence", "fence_mark", "find_headings", "split_lines"]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HASHES = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``text[start:end]`` without its newline; ``fenced`` inside a code fence."""

    start: int
    end: int
    content: str
    fenced: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: ``text[start:end]``, its level from 1 to 6, and its words."""

    start: int
    end: int
    level: int
    title: str


def split_lines(text: str) -> list[Line]:
    """The lines of ``text``; both fence lines count as fenced."""
    lines: list[Line] = []
    start, fence = 0, ""
    for content in text.split("\n"):
        opened = bool(fence)
        if not fence:
            fence = fence_mark(content)
        elif closes_fence(content, fence):
            fence = ""
        lines.append(Line(start, start + len(content), content, opened or bool(fence)))
        start += len(content) + 1
    return lines


def fence_mark(content: str) -> str:
    """The backticks or tildes that a line of these begins a code fence with, else ""."""
    mark = _FENCE.match(content)
    return mark[1] if mark else ""


def closes_fence(content: str, mark: str) -> bool:
    """Whether a line ends the code fence that ``mark`` began."""
    found = _FENCE.match(content)
    return bool(found and found[1].startswith(mark) and not content[found.end() :].strip())


def find_headings(lines: list[Line]) -> list[Heading]:
    """Headings written with ``#`` marks, or underlined with ``===``, in order.

    Lines underlined with ``---`` are left out: front matter and tables look the same.
    """
    headings: list[Heading] = []
    above: Line | None = None
    for line in lines:
        if line.fenced:
            above = None
            continue
        if hashes := _HASHES.match(line.content):
            if hashes[2]:
                headings.append(Heading(line.start, line.end, len(hashes[1]), hashes[2]))
            above = None
        elif above and _UNDERLINE.match(line.content):
            headings.append(Heading(above.start, line.end, 1, above.content.strip()))
            above = None
        else:
            above = line if line.content.strip() else None
    return headings
