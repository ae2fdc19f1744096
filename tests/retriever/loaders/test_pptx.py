from __future__ import annotations

from io import BytesIO

import pytest
from pptx import Presentation
from pptx.util import Inches

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import MakeZip, Refuse
from tests.retriever.loaders.test_docx import make as make_docx


def make(title: str = "") -> bytes:
    presentation = Presentation()
    if title:
        presentation.core_properties.title = title
    layout, blank = presentation.slide_layouts[1], presentation.slide_layouts[6]

    first = presentation.slides.add_slide(layout)
    assert first.shapes.title is not None
    first.shapes.title.text = "The pool"
    body = first.placeholders[1].text_frame
    body.text = "Open daily"
    inner = body.add_paragraph()
    inner.text, inner.level = "but not on Monday", 1
    notes = first.notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "Mention the sauna."

    presentation.slides.add_slide(blank)

    third = presentation.slides.add_slide(blank)
    table = third.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for row, cells in enumerate([("who", "price"), ("adult", "5")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = third.shapes.add_group_shape()
    box = group.shapes.add_textbox(Inches(1), Inches(3), Inches(2), Inches(1))
    box.text_frame.text = "In a group"
    stream = BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def test_a_slide_is_a_part_and_an_empty_one_is_left_out() -> None:
    content = load(make(), "a.pptx")
    assert all(part.format is Format.MARKDOWN for part in content.parts)
    assert [(part.place, part.text) for part in content.parts] == [
        (
            "slide 1",
            "# The pool\n\n- Open daily\n  - but not on Monday\n\nNotes: Mention the sauna.",
        ),
        ("slide 3", "| who | price |\n| --- | --- |\n| adult | 5 |\n\nIn a group"),
    ]


def test_it_is_named_by_its_properties_or_its_first_slide() -> None:
    assert load(make("Rules as of 1 May 2024"), "a.pptx").title == "Rules as of 1 May 2024"
    assert load(make("Rules as of 1 May 2024"), "a.pptx").date == "2024-05-01"
    assert load(make(), "a.pptx").title == "The pool"


@pytest.mark.parametrize("data", [b"", b"Just text", make()[:2000], make()[:-40], make_docx()])
def test_what_is_no_presentation_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.pptx")


def test_an_archive_without_slides_is_refused(make_zip: MakeZip, refuse: Refuse) -> None:
    assert "is not a readable PowerPoint" in refuse(make_zip({"a": "b"}), "a.pptx").message
