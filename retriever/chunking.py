"""Documents cut into chunks where they can be read alone, under a token limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from overlay.errors import InputError
from retriever.blocks import Block
from retriever.code_blocks import read_code
from retriever.content import Format, Part
from retriever.documents import Document
from retriever.packing import pack
from retriever.prose import read_prose
from retriever.sizes import Sizes

__all__ = ["DEFAULT_LIMIT", "Chunk", "Chunker"]

DEFAULT_LIMIT = 128  # tokens of the embedder
_SMALLEST_LIMIT = 16  # tokens; one character can take several, and the model adds its own
_RULES = 3  # raise it when the rules below change: documents are then chunked again


@dataclass(frozen=True, slots=True)
class Chunk:
    """One passage of a document.

    Attributes:
        id: 32 hexadecimal digits, the same for the same place, document and text.
        source: the document's source.
        title: the headings that the passage stands under, outermost first, joined by `` > ``;
            the document's title where there are none.
        position: 0 for the document's first chunk.
        text: the passage as it stands in the document; of a table or code fence that is cut, with
            the table's head, or the fence's first and last line, around it.
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
    stays with the sentence that follows it where both fit. Nor are list items, code fences and
    rows of tables cut that fit. No chunk has more than
    :data:`retriever.sizes.CHARACTERS_PER_TOKEN` characters a token of the limit.

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
        self._sizes = Sizes(count_tokens, limit)
        self.limit = limit

    @property
    def recipe(self) -> str:
        """Changes whenever the same document would be chunked differently."""
        return f"rules={_RULES} limit={self.limit}"

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of one document, in order; together they hold all its text but white space."""
        chunks: list[Chunk] = []
        for part in document.parts:
            for title, text in pack(part.text, _blocks(part), self._sizes):
                identity = "\0".join((document.source, document.sha256, str(len(chunks)), text))
                digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
                chunks.append(
                    Chunk(
                        id=digest,
                        source=document.source,
                        title=title or document.title,
                        position=len(chunks),
                        text=text,
                        place=part.place,
                        date=document.date,
                    )
                )
        return chunks


def _blocks(part: Part) -> list[Block]:
    """What the text of a part may be cut into."""
    if part.format is Format.CODE:
        return read_code(part.text, part.language)
    return read_prose(part.text, markdown=part.format is Format.MARKDOWN)
