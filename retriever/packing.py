"""Blocks packed into pieces as large as the limit allows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retriever.blocks import Block, Frame
from retriever.sizes import Sizes
from retriever.splitting import ends_whole, split_stretch, unwrap

__all__ = ["pack"]

_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a text: its offsets, its title, and what is repeated around it.

    ``heading``: it holds headings only.
    """

    start: int
    end: int
    title: str
    before: str = ""
    after: str = ""
    heading: bool = False


def pack(text: str, blocks: Sequence[Block], sizes: Sizes) -> Iterator[tuple[str, str]]:
    """The titles and texts of the pieces of a text, in order: all of it but white space.

    Blocks side by side share a piece while they fit. One that does not fit in a piece of its own
    is cut into its parts. A heading takes the first part of what is below it into its piece.

    Args:
        text: all of it.
        blocks: of the text.
        sizes: the limit.
    """
    packer = _Packer(text, sizes)
    for pieces in (packer.pack(blocks, ""), packer.close()):
        for piece in pieces:
            body = text[piece.start : piece.end].rstrip()
            inside = piece.start > 0 and text[piece.start - 1] != "\n"
            body = body.lstrip() if inside else _BLANK_LINES.sub("", body)
            if body:
                yield piece.title, piece.before + body + piece.after


class _Packer:
    def __init__(self, text: str, sizes: Sizes) -> None:
        self._text = text
        self._sizes = sizes
        self._open: _Piece | None = None  # the last piece, which may yet grow

    def close(self) -> Iterator[_Piece]:
        """The last piece."""
        if self._open:
            yield self._open
        self._open = None

    def pack(self, blocks: Sequence[Block], title: str) -> Iterator[_Piece]:
        """The pieces of ``blocks`` but for the last one, which stays open."""
        number = 0
        while (number := self._take(blocks, number, title)) < len(blocks):
            block = blocks[number]
            opened = self._open
            if opened and (not opened.heading or (block.whole and self._fits(block))):
                yield from self.close()
                continue
            inner = block.title or title
            yield from self.pack(block.parts, inner) if block.parts else self._cut(block, inner)
            number += 1

    def _take(self, blocks: Sequence[Block], number: int, title: str) -> int:
        """Adds the blocks from ``number`` on to the open piece; returns the first one left."""
        if number == len(blocks):
            return number
        first = blocks[number]
        piece = self._open or _Piece(first.start, 0, first.title or title, heading=True)

        def too_long(block: Block) -> bool:
            return not self._fits(block, piece)

        stop = bisect_left(blocks, True, lo=number, key=too_long)
        if stop > number:
            bare = piece.heading and all(map(_is_heading, blocks[number:stop]))
            self._open = replace(piece, end=blocks[stop - 1].end, after="", heading=bare)
        return stop

    def _cut(self, block: Block, title: str) -> Iterator[_Piece]:
        """The pieces of a block without parts that is too long, below the headings that are open.

        These stay alone where they would cost the first sentence, row or line its wholeness.
        """
        frame = self._frame(block)
        stretch = self._text[frame.start : frame.end]
        stretch = unwrap(stretch) if block.prose else stretch
        first = _Piece(block.start, 0, title, after=frame.after)
        if self._open and self._is_worth(stretch, self._open, frame):
            first = replace(self._open, after=frame.after, heading=False)
        elif self._open:
            yield self._open
        self._open = None
        above = self._text[first.start : frame.start]
        following = _Piece(0, 0, title, frame.before, frame.after)
        for start, end in split_stretch(stretch, self._sizes, frame.before, frame.after, above):
            yield from self.close()
            piece = replace(following, start=frame.start + start) if start else first
            self._open = replace(piece, end=frame.start + end)

    def _frame(self, block: Block) -> Frame:
        """The block's frame; none around it where it would take half of every piece."""
        frame = block.frame
        if frame and self._is_small(self._text[block.start : frame.start] + frame.after):
            return frame
        return Frame(block.start, block.end)

    def _is_worth(self, stretch: str, lead: _Piece, frame: Frame) -> bool:
        """Whether the first piece of a stretch is to stand below the headings of ``lead``."""

        def keeps(above: str) -> bool:
            _, end = next(split_stretch(stretch, self._sizes, frame.before, frame.after, above))
            return ends_whole(stretch, end)

        above = self._text[lead.start : frame.start]
        return self._is_small(above + frame.after) and (keeps(above) or not keeps(frame.before))

    def _is_small(self, text: str) -> bool:
        return self._sizes.of(text) * 2 <= self._sizes.limit

    def _fits(self, block: Block, piece: _Piece | None = None) -> bool:
        """Whether a block fits the limit, behind what a piece holds."""
        start, before = (piece.start, piece.before) if piece else (block.start, "")
        return block.end - start <= self._sizes.reach and self._sizes.fits(
            before + self._text[start : block.end]
        )


def _is_heading(block: Block) -> bool:
    """Whether a block holds nothing but headings."""
    return block.heading or (bool(block.parts) and all(map(_is_heading, block.parts)))
