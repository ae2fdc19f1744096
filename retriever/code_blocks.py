"""The layout of program code: definitions, blocks between blank lines, lines."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from retriever.boundaries import GROUP, LINE, Boundary, Layout, block

__all__ = ["lay_out_code"]

_CLOSERS = (")", "]", "}", "end")  # begin a line that ends what is above
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition: its lines, counted from 0, the names of it and of what it stands in."""

    lines: range
    names: tuple[str, ...]
    inner: tuple[_Found, ...]


def lay_out_code(text: str, language: str) -> Layout:
    """The layout of code.

    Python is cut between definitions and titled by their names, outermost first, such as
    ``Harbour > berth``. Other code, and Python that does not parse, is cut at blank lines, best
    above a line that is not indented.

    Args:
        text: the code.
        language: its lower-case name.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    found = _parse(text, lines) if language == "python" else ()
    levels = _levels(lines)
    for number, level in _definition_levels(found):
        start = _next_written(lines, number)
        levels[start] = max(levels.get(start, 0), level)
    begun = sorted((starts[number], level) for number, level in levels.items())
    return Layout(
        text,
        tuple(Boundary(offset, level) for offset, level in begun if 0 < offset < len(text)),
        titles=tuple((starts[number], title) for number, title in _titles(found, "")),
    )


def _levels(lines: Sequence[str]) -> dict[int, int]:
    """The levels of the lines by what is seen without knowing the language."""
    levels: dict[int, int] = {}
    blank = False
    for number, line in enumerate(lines):
        if line.strip():
            outer = blank and not line[0].isspace() and not line.startswith(_CLOSERS)
            levels[number] = GROUP + outer if blank else LINE
        blank = not line.strip()
    return levels


def _definition_levels(found: Iterable[_Found]) -> Iterator[tuple[int, int]]:
    """The numbers of the lines where definitions begin, or end above, and their levels."""
    for definition in found:
        level = block(len(definition.names) - 1)
        yield definition.lines.start, level
        yield definition.lines.stop, level
        yield from _definition_levels(definition.inner)


def _titles(found: Iterable[_Found], outer: str) -> Iterator[tuple[int, str]]:
    """The numbers of the lines where the title changes, in order, and the titles."""
    for definition in found:
        title = " > ".join(definition.names)
        yield definition.lines.start, title
        yield from _titles(definition.inner, title)
        yield definition.lines.stop, outer


def _next_written(lines: Sequence[str], number: int) -> int:
    """The number of the first line from ``number`` on that is not blank."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number


def _parse(text: str, lines: Sequence[str]) -> tuple[_Found, ...]:
    """The definitions of a Python module; none where it is not valid."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of the author's escapes
            module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_find(module, lines, (), 0))


def _find(
    node: ast.AST, lines: Sequence[str], outer: tuple[str, ...], above: int
) -> Iterator[_Found]:
    """The outermost definitions in ``node``; none takes a line before number ``above``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            first = min([child.lineno, *(mark.lineno for mark in child.decorator_list)]) - 1
            while first > above and _is_comment_of(lines[first - 1], lines[first]):
                first -= 1
            first = max(first, above)
            stop = max(child.end_lineno or child.lineno, first)
            names = (*outer, child.name)
            yield _Found(range(first, stop), names, tuple(_find(child, lines, names, first + 1)))
            above = stop
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            for found in _find(child, lines, outer, above):
                yield found
                above = found.lines.stop


def _is_comment_of(line: str, below: str) -> bool:
    """Whether ``line`` is a comment as far indented as the line below it."""
    words = line.lstrip()
    return words.startswith("#") and len(line) - len(words) == len(below) - len(below.lstrip())
