from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from docx import Document
from docx.document import Document as Word
from openpyxl import Workbook
from PIL import Image

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import MakeZip, Refuse


def save(document: Word) -> bytes:
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def make(title: str = "") -> bytes:
    document = Document()
    document.core_properties.title = title
    document.core_properties.modified = datetime(2024, 3, 12, 9, tzinfo=UTC)
    document.add_heading("The pool", 1)
    document.add_paragraph("Open daily.")
    document.add_heading("Fees", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ["who", "price", "a|b", "5"], strict=True
    ):
        cell.text = text
    document.add_paragraph("towel", style="List Bullet")
    document.add_paragraph("key", style="List Bullet")
    picture = BytesIO()
    Image.new("RGB", (20, 20), "red").save(picture, "PNG")
    picture.seek(0)
    document.add_picture(picture)
    return save(document)


def test_headings_tables_and_lists_are_kept_and_pictures_dropped() -> None:
    content = load(make(), "a.docx")
    assert [(part.format, part.place) for part in content.parts] == [(Format.MARKDOWN, "")]
    assert content.parts[0].text == (
        "# The pool\n\nOpen daily.\n\n## Fees\n\n"
        "| who | price |\n| --- | --- |\n| a\\|b | 5 |\n\n- towel\n- key"
    )


def test_without_properties_the_first_heading_names_it_and_the_template_dates_nothing() -> None:
    content = load(make(), "a.docx")
    assert (content.title, content.date) == ("The pool", "")


def test_its_properties_name_and_date_it() -> None:
    content = load(make("Rules of the pool"), "a.docx")
    assert (content.title, content.date) == ("Rules of the pool", "2024-03-12")


def test_a_document_without_text_is_blank() -> None:
    assert load(save(Document()), "a.docx").is_blank


def workbook() -> bytes:
    stream = BytesIO()
    Workbook().save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("data", [b"", b"Just text", make()[:900], make()[:-40], workbook()])
def test_what_is_no_word_document_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.docx")


def test_an_old_or_encrypted_document_says_so(refuse: Refuse) -> None:
    error = refuse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.docx")
    assert "encrypted, or of an old Office format" in error.message


def test_an_archive_without_a_document_is_refused(make_zip: MakeZip, refuse: Refuse) -> None:
    assert "is not a readable Word document" in refuse(make_zip({"a": "b"}), "a.docx").message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused(make_zip: MakeZip, refuse: Refuse, encoding: str) -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>'.encode(encoding)
    error = refuse(make_zip({"word/document.xml": bomb}), "a.docx")
    assert "document type definition" in error.message
