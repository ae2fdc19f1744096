"""Word, Excel, PowerPoint and PDF files of sections; their writers are extras of the tests."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

from eval.bench.made_sections import Section
from overlay.errors import ResourceError

__all__ = ["pdf_file", "presentation", "word_document", "workbook"]

_LINE = 90  # characters on a line of a PDF page
_LINES = 50  # on a page


@contextmanager
def _writing(what: str) -> Iterator[None]:
    """Says which extra holds a library that is missing."""
    try:
        yield
    except ImportError as error:
        raise ResourceError(
            f"{what} cannot be made: {error.name} is not installed",
            hint="pip install 'overlay-rag[dev]'",
        ) from error


def word_document(title: str, sections: Sequence[Section]) -> bytes:
    """A Word document with a heading for each section."""
    with _writing("a Word document"):
        from docx import Document
    document = Document()
    document.core_properties.title = title
    for section in sections:
        document.add_heading(section.heading, 1)
        for text in section.paragraphs:
            document.add_paragraph(text)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def workbook(title: str, sections: Sequence[Section]) -> bytes:
    """A workbook with a sheet for each section and a row for each paragraph."""
    with _writing("an Excel workbook"):
        from openpyxl import Workbook
    book = Workbook(write_only=True)
    book.properties.title = title
    for section in sections:
        sheet = book.create_sheet(section.heading)
        sheet.append(["number", "note"])
        for number, text in enumerate(section.paragraphs, start=1):
            sheet.append([number, text])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def presentation(title: str, sections: Sequence[Section]) -> bytes:
    """A presentation with a slide for each section."""
    with _writing("a PowerPoint presentation"):
        from pptx import Presentation
    made = Presentation()
    made.core_properties.title = title
    for section in sections:
        slide = made.slides.add_slide(made.slide_layouts[1])
        assert slide.shapes.title is not None  # noqa: S101 - this layout has one
        slide.shapes.title.text = section.heading
        slide.placeholders[1].text = "\n".join(section.paragraphs)
    stream = BytesIO()
    made.save(stream)
    return stream.getvalue()


def pdf_file(title: str, sections: Sequence[Section]) -> bytes:
    """A PDF that begins a page for each section; a long one goes on on the next."""
    with _writing("a PDF file"):
        from reportlab.pdfgen.canvas import Canvas
    stream = BytesIO()
    canvas = Canvas(stream)
    canvas.setTitle(title)
    for section in sections:
        lines = [section.heading]
        for text in section.paragraphs:
            lines += ["", *textwrap.wrap(text, _LINE)]
        for start in range(0, len(lines), _LINES):
            page = canvas.beginText(60, 790)
            page.setFont("Helvetica", 10)
            for line in lines[start : start + _LINES]:
                page.textLine(line)
            canvas.drawText(page)
            canvas.showPage()
    canvas.save()
    return stream.getvalue()
