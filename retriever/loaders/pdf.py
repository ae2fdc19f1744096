"""PDF files, page by page."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

from retriever.content import Content, Part
from retriever.dates import find_date
from retriever.errors import DocumentError
from retriever.loaders.broken import reading

__all__ = ["load"]

# For a hyphen at the end of a line pdfium writes U+0002 or U+FFFE, mostly without the line end.
_LINE_END_HYPHEN = re.compile(r"([^\W\d_])(?:[\x02\ufffe]\n?|[-\u00ad]\n)([^\W\d_])")
_OTHER_HYPHEN = re.compile(r"[\x02\ufffe]")
_NO_TITLE = {"untitled", "(anonymous)"}  # what programs write that were told none


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A part is a page."""
    with reading(name, "PDF"), closing(_open(data, name)) as document:
        texts, pictures = _read_pages(document)
        title = " ".join(document.get_metadata_value("Title").split())
    if title.lower() in _NO_TITLE:
        title = ""
    parts = tuple(Part(text, place=f"page {number}") for number, text in texts.items())
    return Content(parts, title, find_date(title), _note(pictures))


def _open(data: bytes, name: str) -> Any:
    from pypdfium2 import PdfDocument, PdfiumError
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    try:
        return PdfDocument(data)
    except PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise DocumentError(
                f"{name} is encrypted", hint="save it without a password", param="source"
            ) from error
        raise


def _read_pages(document: Any) -> tuple[dict[int, str], list[int]]:
    """Text by page number, from 1, of pages that have some; and which have only pictures."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    texts: dict[int, str] = {}
    pictures: list[int] = []
    for number in range(1, len(document) + 1):
        with closing(document[number - 1]) as page:
            with closing(page.get_textpage()) as text_page:
                text = _join_lines(text_page.get_text_bounded())
            if text.strip():
                texts[number] = text
            elif next(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]), None) is not None:
                pictures.append(number)
    return texts, pictures


def _join_lines(text: str) -> str:
    """``text`` with words joined that were cut at the end of a line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _OTHER_HYPHEN.sub("-", _LINE_END_HYPHEN.sub(_join_word, text))


def _join_word(found: re.Match[str]) -> str:
    """Only between small letters: a hyphen before a capital or a digit belongs to the word."""
    before, after = found[1], found[2]
    return before + after if before.islower() and after.islower() else found[0]


def _note(pictures: list[int]) -> str:
    if not pictures:
        return ""
    numbers = ", ".join(map(str, pictures))
    return (
        f"page {numbers} is a picture: no text"
        if len(pictures) == 1
        else f"pages {numbers} are pictures: no text"
    )
