"""A text as blocks, each of which may be cut into smaller ones."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Block", "Frame"]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is repeated around the pieces of a table or code fence that is cut.

    Attributes:
        start, end: offsets of what stands between.
        before: the table's header, or the fence's first line, with its line end.
        after: the fence's last line with the line end above it; empty for a table.
    """

    start: int
    end: int
    before: str = ""
    after: str = ""


@dataclass(slots=True)
class Block:
    """A stretch of a text, such as a section, list, list item or paragraph.

    Attributes:
        start, end: its offsets, from the start of a line to behind the last word.
        parts: what it may be cut into, in order, without gaps but for white space; none for one
            that is cut at blank lines, lines, sentences or words.
        title: of a section or definition, with those around it; empty for what is around it.
        frame: of a table or code fence.
        prose: its line ends may stand in the middle of sentences.
        whole: it is not cut to keep a heading with its first part.
        heading: it stays with what is below it.
    """

    start: int
    end: int = 0
    parts: list[Block] = field(default_factory=list)
    title: str = ""
    frame: Frame | None = None
    prose: bool = False
    whole: bool = False
    heading: bool = False
