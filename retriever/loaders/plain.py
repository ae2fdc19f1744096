"""Plain text, and markup that is read as it is written."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from retriever.content import Content, Part
from retriever.dates import find_date
from retriever.loaders.text_decoding import decode

__all__ = ["first_line", "load"]

_LONGEST_TITLE = 80  # characters; a longer first line is prose, not a title
_TITLES = {
    ".adoc": re.compile(r"^= +(.+)", re.MULTILINE),
    ".asciidoc": re.compile(r"^= +(.+)", re.MULTILINE),
    ".org": re.compile(r"^#\+title:(.+)", re.MULTILINE | re.IGNORECASE),
    ".rst": re.compile(r"^[ \t]*(\w.*)\n[=\-~#*^\"]{3,}[ \t]*$", re.MULTILINE),
    ".tex": re.compile(r"\\title\{([^{}]+)\}"),
    ".log": re.compile(r"(?!)"),  # its first line is an entry, not a title
}


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A short first line is its title."""
    text = decode(data, name)
    pattern = _TITLES.get(PurePosixPath(name).suffix.lower())
    if pattern is None:
        title = first_line(text)
    else:
        found = pattern.search(text)
        title = " ".join(found[1].split()) if found else ""
    return Content((Part(text),), title, find_date(title))


def first_line(text: str) -> str:
    """The first line with text in it, where it is short enough for a title; else empty."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return first if len(first) <= _LONGEST_TITLE else ""
