"""Text of any size, in sections and in wrapped lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from eval.bench.made_documents import made_paragraphs
from eval.bench.made_sections import Section

__all__ = ["MEGABYTE", "sections_of", "wrapped_text"]

MEGABYTE = 1_000_000  # bytes
_PARAGRAPH = 400  # bytes, on average
_PARAGRAPHS = 8  # of a section
_WIDTH = 72  # characters


def sections_of(megabytes: float, *, seed: int) -> list[Section]:
    """Sections with so many MB of paragraphs, all different."""
    paragraphs = list(_paragraphs(megabytes, seed))
    return [
        Section(f"Part {start // _PARAGRAPHS + 1}", tuple(paragraphs[start : start + _PARAGRAPHS]))
        for start in range(0, len(paragraphs), _PARAGRAPHS)
    ]


def wrapped_text(megabytes: float, *, seed: int) -> bytes:
    """So many MB of paragraphs in lines of 72 characters, as mails and old text files have."""
    paragraphs = _paragraphs(megabytes, seed)
    return ("\n\n".join(textwrap.fill(text, _WIDTH) for text in paragraphs) + "\n").encode()


def _paragraphs(megabytes: float, seed: int) -> Iterator[str]:
    size = int(megabytes * MEGABYTE)
    # The sentences differ in length, so more are drawn than are needed.
    for text in made_paragraphs(1 + size * 5 // (4 * _PARAGRAPH), seed=seed):
        if size <= 0:
            return
        yield text
        size -= len(text.encode())
