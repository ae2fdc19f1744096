from __future__ import annotations

import pytest

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import MakeZip, Refuse
from tests.retriever.loaders.test_docx import make as make_docx

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The swimming book</dc:title><dc:date>2021-06-01T00:00:00Z</dc:date></metadata>
<manifest>
<item id="two" href="text/chapter%202.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="toc" href="toc.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="blank" href="blank.xhtml" media-type="application/xhtml+xml"/>
<item id="cover" href="cover.png" media-type="image/png"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
</manifest>
<spine><itemref idref="toc"/><itemref idref="blank"/><itemref idref="one"/><itemref idref="two"/>
<itemref idref="cover"/></spine></package>"""
BOOK: dict[str, str | bytes] = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/toc.xhtml": "<html><body><p>Contents</p></body></html>",
    "OEBPS/blank.xhtml": "<html><body/></html>",
    "OEBPS/text/one.xhtml": "<!DOCTYPE html><html><body><h1>First strokes</h1><p>Float.</p></body>",
    "OEBPS/text/chapter 2.xhtml": "<html><body><p>Breathe out.</p></body></html>",
    "OEBPS/cover.png": b"\x89PNG",
}


def test_chapters_come_in_the_order_of_reading(make_zip: MakeZip) -> None:
    content = load(make_zip(BOOK), "a.epub")
    assert (content.title, content.date, content.note) == ("The swimming book", "2021-06-01", "")
    assert [(part.place, part.text, part.format) for part in content.parts] == [
        ("First strokes", "# First strokes\n\nFloat.", Format.MARKDOWN),
        ("chapter 2", "Breathe out.", Format.MARKDOWN),
    ]


def test_a_missing_chapter_is_noted(make_zip: MakeZip) -> None:
    content = load(
        make_zip({path: text for path, text in BOOK.items() if "one" not in path}), "a.epub"
    )
    assert [part.text for part in content.parts] == ["Breathe out."]
    assert content.note == "missing in the archive: OEBPS/text/one.xhtml"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("META-INF/container.xml", "<container/>"),
        ("META-INF/container.xml", "no XML"),
        ("OEBPS/book.opf", PACKAGE[:400]),
        ("OEBPS/book.opf", '<!DOCTYPE p [<!ENTITY a "b">]><p>&a;</p>'),
        ("OEBPS/text/one.xhtml", bytes(range(256)) * 9),
    ],
)
def test_a_broken_book_is_refused(
    path: str, content: str | bytes, make_zip: MakeZip, refuse: Refuse
) -> None:
    refuse(make_zip(BOOK | {path: content}), "a.epub")


@pytest.mark.parametrize("data", [b"", b"Just text", make_docx()])
def test_what_is_no_book_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.epub")


def test_a_truncated_book_is_refused(make_zip: MakeZip, refuse: Refuse) -> None:
    refuse(make_zip(BOOK)[:-30], "a.epub")
