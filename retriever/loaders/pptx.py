"""PowerPoint presentations, slide by slide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.loaders.archives import check_office_file
from retriever.loaders.broken import reading
from retriever.loaders.tables import markdown_table

__all__ = ["load"]

_NO_TITLE = "PowerPoint Presentation"  # what a file has that nobody gave a title


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A part is a slide with its speaker notes."""
    check_office_file(data, name)
    with reading(name, "PowerPoint presentation"):
        from pptx import Presentation

        presentation = Presentation(BytesIO(data))
        texts = [_slide(slide) for slide in presentation.slides]
        titles = [presentation.core_properties.title, *map(_title, presentation.slides)]
    parts = tuple(
        Part(text, Format.MARKDOWN, f"slide {number}")
        for number, text in enumerate(texts, start=1)
        if text
    )
    title = next((title for title in titles if title and title != _NO_TITLE), "")
    return Content(parts, title, find_date(title))


def _slide(slide: Any) -> str:
    title = _title(slide)
    blocks = [f"# {title}"] if title else []
    blocks += _blocks(shape for shape in slide.shapes if shape != slide.shapes.title)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        blocks += [f"Notes: {_tidy(notes)}"] if notes else []
    return "\n\n".join(blocks)


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return "" if shape is None else " ".join(shape.text_frame.text.split())


def _blocks(shapes: Iterable[Any]) -> Iterator[str]:
    from pptx.shapes.group import GroupShape

    for shape in shapes:
        if isinstance(shape, GroupShape):
            yield from _blocks(shape.shapes)
        elif shape.has_table:
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            if table := markdown_table(rows):
                yield table
        elif shape.has_text_frame and (text := _paragraphs(shape.text_frame)):
            yield text


def _paragraphs(frame: Any) -> str:
    """Bullets, indented as on the slide; a paragraph that stands alone is none."""
    filled = [(p.level, _tidy(p.text.strip())) for p in frame.paragraphs if p.text.strip()]
    if len(filled) == 1:
        return filled[0][1]
    return "\n".join(f"{'  ' * level}- {text}" for level, text in filled)


def _tidy(text: str) -> str:
    return text.replace("\v", " ")  # how a line break inside a paragraph is given
