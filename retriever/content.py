"""What a loader makes of a file: text in parts that can be named."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Content", "Format", "Part"]


class Format(StrEnum):
    """How the text of a part is laid out, and so where it may be cut."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document that a reader can be sent to: a page, a slide, a sheet, a file.

    Attributes:
        text: with ``\\n`` line ends; of a table, Markdown with its header.
        format: how it is laid out.
        place: what a reader would call it, such as ``page 3``, ``slide 2``, ``sheet Fees``; empty
            where the document is of one piece.
        language: of code, its lower-case name such as ``python``; empty otherwise.
    """

    text: str
    format: Format = Format.TEXT
    place: str = ""
    language: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to read in it."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in a file.

    Attributes:
        parts: in order; those without text are left out.
        title: that the file gives itself; empty where it gives none.
        date: ISO 8601, ``YYYY-MM-DD``, that the file gives itself; empty where it gives none.
        note: what could not be read of it, for the user, such as ``pages 2, 5 are pictures``; empty
            where all could.
    """

    parts: tuple[Part, ...]
    title: str = ""
    date: str = ""
    note: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to read in it."""
        return all(part.is_blank for part in self.parts)
