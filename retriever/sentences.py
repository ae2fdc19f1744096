"""Sentences of prose, and lines that were wrapped in the middle of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["is_wrapped", "sentence_starts"]

_WRAP_WIDTH = 40  # characters; a shorter line ends where its writer wanted it to end
_BLOCK_START = re.compile(r"\s*([-+*]\s|[|>#<]|\d+[.)]\s|[-=*_]{3}|$)|\s{4}")
_QUOTED = re.compile(r" {0,3}> ?(?=[^>\s])")
_CLOSERS = r"[\"'\u201d\u2019)\]\u300d\u300f\uff09\u3011\u300b]*"
# Full stops that also end abbreviations and numbers, and marks that end nothing but sentences.
_END = re.compile(
    rf"[.!?\u2026]{_CLOSERS}\s+|[\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u104b\u1362\u17d4]"
    rf"{_CLOSERS}\s*"
)
_AHEAD = 8  # characters in which the first letter of the next sentence is looked for


def sentence_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets of the second and later sentences of the paragraph ``text[start:end]``."""
    for mark in _END.finditer(text, start, end):
        ambiguous = text[mark.start()] in ".!?\u2026"
        if mark.end() < end and not (
            ambiguous and _goes_on(text[mark.end() : mark.end() + _AHEAD])
        ):
            yield mark.end()


def is_wrapped(line: str, following: str, in_item: bool = False) -> bool:
    """Whether the line end between two lines of prose stands in the middle of a paragraph.

    Args:
        line: the upper one, without its line end.
        following: the lower one.
        in_item: both belong to one list item, so that the lower one may be indented.
    """
    if (quote := _QUOTED.match(line)) and (below := _QUOTED.match(following)):
        line, following = line[quote.end() :], following[below.end() :]
    if _BLOCK_START.match(following.lstrip() if in_item else following):
        return False
    if line.lstrip()[:1] in {"#", "|"} or not any(map(str.isalnum, line)):
        return False
    return len(line) >= _WRAP_WIDTH or following.lstrip()[0].islower()


def _goes_on(ahead: str) -> bool:
    """Whether a sentence goes on here: the next letter is a small one."""
    return next((char.islower() for char in ahead if char.isalpha()), False)
