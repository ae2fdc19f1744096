"""Jupyter notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.headings import find_headings
from retriever.loaders.broken import reading
from retriever.loaders.json_file import parse
from retriever.loaders.markdown import drop_data_uris
from retriever.loaders.text_decoding import decode

__all__ = ["load"]

_LONGEST_OUTPUT = 500  # characters; a longer one is data, or a log
_FENCE = re.compile(r"`{3,}")


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. Its cells are one Markdown text."""
    text = decode(data, name)
    if not text.strip():
        return Content(())
    with reading(name, "notebook"):
        notebook = parse(text, name)
        language = _language(notebook["metadata"])
        blocks = [block for cell in notebook["cells"] for block in _blocks(cell, language)]
    markdown = "\n\n".join(blocks)
    headings = find_headings(markdown)
    title = headings[0] if headings else ""
    return Content((Part(markdown, Format.MARKDOWN),), title, find_date(title))


def _language(metadata: Any) -> str:
    for where, key in (("kernelspec", "language"), ("language_info", "name")):
        if language := metadata.get(where, {}).get(key):
            return str(language).lower()
    return "python"


def _blocks(cell: Any, language: str) -> Iterator[str]:
    source = _join(cell["source"])
    if not source.strip():
        return
    if cell["cell_type"] == "code":
        yield _fenced(source, language)
        for output in cell.get("outputs", []):
            text = _join(output.get("text") or output.get("data", {}).get("text/plain") or "")
            if text.strip() and len(text) <= _LONGEST_OUTPUT:
                yield _fenced(text, "")
    else:
        yield drop_data_uris(source.strip())


def _join(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"
