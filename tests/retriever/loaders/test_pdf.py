from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from retriever.content import Format
from retriever.loaders import load
from retriever.loaders.pdf import _join_lines
from tests.retriever.loaders.conftest import Refuse

PICTURE = object()


def make(*pages: list[str] | object, title: str = "", password: str = "") -> bytes:
    """A PDF with a page for each list of lines, for :data:`PICTURE`, or for nothing."""
    stream = BytesIO()
    encryption = StandardEncryption(password) if password else None
    canvas = Canvas(stream, pagesize=A4, encrypt=encryption)
    if title:
        canvas.setTitle(title)
    for page in pages:
        if page is PICTURE:
            picture = BytesIO()
            Image.new("RGB", (20, 20), "red").save(picture, "PNG")
            canvas.drawImage(ImageReader(picture), 100, 100)
        elif isinstance(page, list):
            for number, line in enumerate(page):
                canvas.drawString(72, 700 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_a_page_is_a_part() -> None:
    content = load(make(["Fees", "Adults pay 5."], None, ["More"], title="All fees"), "a.pdf")
    assert content.title == "All fees"
    assert content.note == ""
    assert [(part.place, part.text, part.format) for part in content.parts] == [
        ("page 1", "Fees\nAdults pay 5.", Format.TEXT),
        ("page 3", "More", Format.TEXT),
    ]


def test_pages_that_are_pictures_are_noted() -> None:
    content = load(make(["Text"], PICTURE, ["Text"], None, PICTURE), "a.pdf")
    assert [part.place for part in content.parts] == ["page 1", "page 3"]
    assert content.note == "pages 2, 5 are pictures: no text"


def test_a_scanned_file_has_no_part_and_a_note() -> None:
    content = load(make(PICTURE), "a.pdf")
    assert content.parts == ()
    assert content.note == "page 1 is a picture: no text"


def test_a_title_that_says_nothing_is_none() -> None:
    assert load(make(["Text"]), "a.pdf").title == ""


def test_words_cut_at_the_end_of_a_line_are_joined() -> None:
    data = make(["This is an exam-", "ple of the North-", "Sea and of 12-", "34 things."])
    assert load(data, "a.pdf").parts[0].text == (
        "This is an example of the North-Sea and of 12-\n34 things."
    )


@pytest.mark.parametrize("mark", ["-", "\ufffe", "\x02"])
def test_every_mark_for_a_hyphen_is_known(mark: str) -> None:
    assert _join_lines(f"exam{mark}\r\nple") == "example"
    assert _join_lines(f"Non{mark}\r\nEU") == "Non-\nEU"
    assert _join_lines(f"5{mark}\r\n6") == "5-\n6"


def test_an_encrypted_file_says_so(refuse: Refuse) -> None:
    error = refuse(make(["Secret"], password="key"), "a.pdf")  # noqa: S106 - of this file only
    assert "is encrypted" in error.message
    assert "password" in error.hint


def test_a_file_that_anybody_may_open_is_read() -> None:
    stream = BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("", ownerPassword="owner", canPrint=0))
    canvas.drawString(72, 700, "Open to all")
    canvas.save()
    assert load(stream.getvalue(), "a.pdf").parts[0].text == "Open to all"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"Just text", b"PK\x03\x04", bytes(99)])
def test_what_is_no_pdf_is_refused(data: bytes, refuse: Refuse) -> None:
    assert "is not a readable PDF" in refuse(data, "a.pdf").message


def test_a_file_cut_at_the_front_of_its_pages_is_refused(refuse: Refuse) -> None:
    refuse(make(["Text"])[:120], "a.pdf")
