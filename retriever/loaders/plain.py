"""Plain text."""

from __future__ import annotations

from retriever.content import Content, Part
from retriever.loaders.text_decoding import decode

__all__ = ["load"]

_LONGEST_TITLE = 80  # characters; a longer first line is prose, not a title


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A short first line is its title."""
    text = decode(data, name)
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return Content((Part(text),), first if len(first) <= _LONGEST_TITLE else "")
