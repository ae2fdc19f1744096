"""What made files hold: headings with paragraphs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Section"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it: in a PDF a page, in a presentation a slide.

    Attributes:
        heading: one line, of at most 31 characters where it names a sheet.
        paragraphs: each one line.
    """

    heading: str
    paragraphs: tuple[str, ...]
