"""Documents cut into chunks at headings, paragraphs and sentences, under a token limit."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from overlay.errors import InputError
from retriever.content import Format, Part
from retriever.documents import Document
from retriever.headings import Heading, Line, find_headings, split_lines

__all__ = ["DEFAULT_LIMIT", "Chunk", "Chunker"]

DEFAULT_LIMIT = 128  # tokens of the embedder
_SMALLEST_LIMIT = 16  # tokens; one character can take several, and the model adds its own
_RULES = 1  # raise it when the rules below change: documents are then chunked again
_WRAP_WIDTH = 40  # characters; a shorter line ends where its writer wanted it to end
_SENTENCE_END = re.compile(r"[.!?][\"'\u201d\u2019)\]]*(?=\s++(?![\W\d_]*+[a-zß-ÿ])|\s*+$)")
_BLOCK_START = re.compile(r"\s*([-+*]\s|[|>#<]|\d+[.)]\s|[-=*_]{3}|$)|\s{4}")
_FIRST_LINE = re.compile(r"\|.*\n[ |:-]+(?=\n|\Z)|.*")  # of a table, the head
_NOT_SPACE = re.compile(r"\S|\Z")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One passage of a document.

    Attributes:
        id: 32 hexadecimal digits, the same for the same place, document and text.
        source: the document's source.
        title: the headings that the passage stands under, outermost first, joined by `` > ``;
            the document's title where there are none.
        position: 0 for the document's first chunk.
        text: the passage as it stands in the document.
        place: the part of the document that it is from, such as ``page 3``; empty where that has
            one part only.
        date: of the document, ISO 8601; empty where it gives none.
    """

    id: str
    source: str
    title: str
    position: int
    text: str
    place: str = ""
    date: str = ""


class Chunker:
    """Cuts documents into chunks of at most ``limit`` tokens.

    A sentence that fits the limit is never cut, even where its lines are wrapped, and a heading
    stays with the sentence that follows it where both fit.

    Args:
        count_tokens: tokens that the embedder reads for a text.
        limit: most tokens in a chunk, at least 16.

    Raises:
        InputError: the limit is too small.
    """

    def __init__(self, count_tokens: Callable[[str], int], limit: int = DEFAULT_LIMIT) -> None:
        if limit < _SMALLEST_LIMIT:
            raise InputError(
                f"chunk limit {limit} is too small",
                hint=f"give at least {_SMALLEST_LIMIT} tokens; {DEFAULT_LIMIT} is the default",
                param="limit",
            )
        self._count_tokens = count_tokens
        self.limit = limit

    @property
    def recipe(self) -> str:
        """Changes whenever the same document would be chunked differently."""
        return f"rules={_RULES} limit={self.limit}"

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of one document, in order; together they hold all its text but white space."""
        chunks: list[Chunk] = []
        for part in document.parts:
            for title, text in self._titled(part, document.title):
                identity = "\0".join((document.source, document.sha256, str(len(chunks)), text))
                digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
                chunks.append(
                    Chunk(
                        id=digest,
                        source=document.source,
                        title=title,
                        position=len(chunks),
                        text=text,
                        place=part.place,
                        date=document.date,
                    )
                )
        return chunks

    def _titled(self, part: Part, title: str) -> Iterator[tuple[str, str]]:
        """Each piece of a part under its headings, or the document's title where it has none."""
        lines = split_lines(part.text)
        headings = find_headings(lines) if part.format is Format.MARKDOWN else []
        trails = [title, *_trails(headings)]
        for start, text in self._pieces(self._mask(part.text, lines, headings), part):
            yield trails[bisect_right(headings, start, key=lambda heading: heading.start)], text

    def _pieces(self, masked: str, part: Part) -> list[tuple[int, str]]:
        """Offsets and texts of the chunks, cut where ``masked`` allows it."""
        from semantic_text_splitter import MarkdownSplitter, TextSplitter  # only to ingest

        kind = MarkdownSplitter if part.format is Format.MARKDOWN else TextSplitter
        splitter = kind.from_callback(self._count_tokens, self.limit)
        pieces: list[tuple[int, str]] = []
        for start, piece in splitter.chunk_indices(masked):
            text = part.text[start : start + len(piece)]
            if self._count_tokens(text) <= self.limit:
                pieces.append((start, text))
            else:  # the tokenizer counts the newlines that the mask had hidden
                pieces.extend((start + inner, cut) for inner, cut in splitter.chunk_indices(text))
        return [(start, text) for start, text in pieces if text.strip()]

    def _mask(self, text: str, lines: list[Line], headings: list[Heading]) -> str:
        """``text`` with the line ends moved to where it may be cut.

        The splitter prefers any line end to a sentence end, and a heading alone to a paragraph
        cut in two. Offsets stay the same, so that chunks are taken from the text as it is.
        """
        masked = list(text)
        for line, following in pairwise(lines):
            if _is_wrapped(line, following):
                masked[line.end] = " "
        unwrapped = "".join(masked)
        reach = 0
        for number, heading in enumerate(headings):
            if heading.start < reach:
                continue  # the heading above has taken it along
            start = _text_below(text, headings, number)
            if reach := self._reach(unwrapped, heading.start, start):
                masked[heading.start : reach] = unwrapped[heading.start : reach].replace("\n", " ")
                masked[reach : reach + 1] = "\n" * len(masked[reach : reach + 1])
        return "".join(masked)

    def _reach(self, text: str, heading: int, start: int) -> int:
        """Where to cut below a heading: after as many sentences as fit with it, else 0."""
        if text.startswith(("```", "~~~"), start):
            return 0  # on the line of a heading a fence would be none
        first = _FIRST_LINE.match(text, start)
        end = first.end() if first else start
        reach = 0
        for candidate in [*(m.end() for m in _SENTENCE_END.finditer(text, start, end)), end]:
            if self._count_tokens(text[heading:candidate]) > self.limit:
                break
            reach = candidate
        return reach


def _is_wrapped(line: Line, following: Line) -> bool:
    """Whether the newline between two lines stands in the middle of a paragraph."""
    if line.fenced or following.fenced or _BLOCK_START.match(following.content):
        return False
    if line.content.lstrip()[:1] in {"#", "|"} or not any(map(str.isalnum, line.content)):
        return False
    return len(line.content) >= _WRAP_WIDTH or following.content.lstrip()[0].islower()


def _text_below(text: str, headings: list[Heading], number: int) -> int:
    """Where the text below a heading starts, past the headings directly below it."""
    start = headings[number].start
    while number < len(headings) and headings[number].start == start:
        found = _NOT_SPACE.search(text, headings[number].end)
        start = found.start() if found else len(text)
        number += 1
    return start


def _trails(headings: list[Heading]) -> list[str]:
    """For each heading, the headings in force below it, outermost first."""
    trails: list[str] = []
    in_force: list[Heading] = []
    for heading in headings:
        in_force = [*(outer for outer in in_force if outer.level < heading.level), heading]
        trails.append(" > ".join(outer.title for outer in in_force))
    return trails
