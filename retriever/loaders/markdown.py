"""Markdown."""

from __future__ import annotations

import re

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.headings import find_headings
from retriever.loaders.front_matter import split_front_matter
from retriever.loaders.plain import first_line
from retriever.loaders.text_decoding import decode

__all__ = ["drop_data_uris", "load"]

_DATA_URI = re.compile(
    r"(?<=\]\()\s*<?data:[^()\s>]*>?"  # ![alt](data:...)
    r"|(?<=src=[\"'])data:[^\"']*"  # <img src="data:...">
    r"|(?<=\]: )data:\S*"  # [name]: data:...
)


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`.

    Titled by its front matter, its first heading, or a short first line; dated by its front
    matter, its title, or the first heading with a date.
    """
    title, day, text = split_front_matter(decode(data, name))
    text = drop_data_uris(text)
    headings = find_headings(text)
    title = title or (headings[0] if headings else first_line(text))
    day = day or find_date("\n".join([title, *headings]))
    return Content((Part(text, Format.MARKDOWN),), title, day)


def drop_data_uris(text: str) -> str:
    """``text`` without the pictures that are written into it as ``data:`` URIs."""
    return _DATA_URI.sub("", text)
