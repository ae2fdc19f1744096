"""Markdown."""

from __future__ import annotations

from retriever.content import Content, Format, Part
from retriever.headings import find_headings, split_lines
from retriever.loaders import plain
from retriever.loaders.text_decoding import decode

__all__ = ["load"]


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. Titled by its first heading, or a short first line."""
    text = decode(data, name)
    headings = find_headings(split_lines(text))
    title = headings[0].title if headings else plain.load(data, name).title
    return Content((Part(text, Format.MARKDOWN),), title)
