"""Program code as blocks: definitions of Python; other code is cut at blank lines and lines."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from itertools import accumulate

from retriever.blocks import Block

__all__ = ["read_code"]

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def read_code(text: str, language: str) -> list[Block]:
    """The blocks of code.

    Python is cut between definitions and titled by their names, outermost first, such as
    ``Harbour > berth``. Other code, and Python that does not parse, is cut at blank lines.

    Args:
        text: the code.
        language: its lower-case name.
    """
    whole = Block(0, len(text))
    if language == "python":
        try:
            with warnings.catch_warnings(action="ignore"):  # of the author's escapes
                module = ast.parse(text.replace("\r", " "))  # only \n ends a line here
            return _Maker(text).parts(module, whole) or [whole]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    return [whole]


class _Maker:
    """Makes blocks of one module."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]

    def parts(self, node: ast.AST, block: Block) -> list[Block]:
        """The definitions in a block's node and what is between; none where it holds none."""
        parts: list[Block] = []
        start = block.start
        for found in _definitions(node):
            first = min([found.lineno, *(mark.lineno for mark in found.decorator_list)]) - 1
            comment = self._lines[first][: found.col_offset] + "#"
            while self._starts[first] > start and self._lines[first - 1].startswith(comment):
                first -= 1
            if self._starts[first] < start:  # on one line with another
                continue
            end = min(self._starts[found.end_lineno or first + 1], block.end)
            title = f"{block.title} > {found.name}".removeprefix(" > ")
            part = Block(self._starts[first], end, title=title)
            part.parts = self.parts(found, part)
            parts.extend((Block(start, part.start), part))
            start = end
        if parts:
            parts.append(Block(start, block.end))
        return [part for part in parts if self._text[part.start : part.end].strip()]


def _definitions(node: ast.AST) -> Iterator[_Definition]:
    """The outermost definitions in a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            yield child
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _definitions(child)
