"""What waits for a store is read, chunked, embedded and written in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from overlay.errors import InputError
from retriever.chunking import Chunk, Chunker
from retriever.documents import Document
from retriever.embedded_text import EMBEDDING_RULES, embedded_text
from retriever.embedder import Embedder
from retriever.errors import DocumentError
from retriever.files import Skip, Skipped
from retriever.parsing import Limits
from retriever.store import StoredDocument, StoreWriter

__all__ = [
    "IngestOptions",
    "IngestReport",
    "Progress",
    "Waiting",
    "Work",
    "Writing",
    "recipe_of",
    "synchronise",
]

_BATCH = 64  # chunks embedded at a time, across documents
_CHECKPOINT = 1024  # chunks after which the work so far is published

Progress = Callable[[int, int, str], None]
"""Called after each document: how many are done, of how many, and its source."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to ingest.

    Attributes:
        strict: whether a file that cannot be read stops the ingest.
        checkpoint: chunks after which the work so far is published.
        limits: what reading one file may take.
        progress: is told of each document.
    """

    strict: bool = False
    checkpoint: int = _CHECKPOINT
    limits: Limits = field(default_factory=Limits)
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        added: documents that the store did not hold.
        updated: documents that had changed, or were chunked or embedded in another way.
        unchanged: documents that were left as they are.
        removed: documents that are gone, or have become blank.
        skipped: files that were left out. What the store held of one that cannot be read any more
            it still holds; it is tried again next time.
        notes: source, and what could not be read of a document that was read.
        chunks: chunks in the store now.
        seconds: how long it took.
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    skipped: tuple[Skipped, ...]
    notes: tuple[tuple[str, str], ...]
    chunks: int
    seconds: float


class Waiting(NamedTuple):
    """A document that is read when its turn comes: ``read`` gives it, and what it lacks."""

    source: str
    sha256: str
    read: Callable[[], tuple[Document, str]]


class Writing(NamedTuple):
    """What turns documents into rows of a store."""

    writer: StoreWriter
    embedder: Embedder
    chunker: Chunker
    options: IngestOptions


class Work(NamedTuple):
    """What the store holds, and what it is to hold."""

    writing: Writing
    held: Mapping[str, StoredDocument]
    waiting: Sequence[Waiting]


def synchronise(work: Work, may_go: Set[str]) -> IngestReport:
    """Read, chunk, embed and write what has changed; the caller publishes it.

    Args:
        may_go: sources that are removed if nothing waits for them.
    """
    started = time.monotonic()
    writing, held, waiting = work
    recipe = recipe_of(writing.chunker)
    changed = [
        one
        for one in waiting
        if (known := held.get(one.source)) is None
        or (known.sha256, known.recipe) != (one.sha256, recipe)
    ]
    skipped: list[Skipped] = []
    notes: list[tuple[str, str]] = []
    written: set[str] = set()
    unpublished = 0
    for batch in _batches(_read(changed, skipped, notes, writing.options), writing.chunker):
        if not written:  # asks for the model, which files that cannot be read need not wait for
            _check_limit(writing.chunker, writing.embedder)
        texts = [embedded_text(chunk) for _, chunks in batch for chunk in chunks]
        writing.writer.replace(batch, writing.embedder.embed(texts), recipe)
        written |= {document.source for document, _ in batch}
        unpublished += len(texts)
        if unpublished >= writing.options.checkpoint:
            writing.writer.publish()
            unpublished = 0
    blank = {one.source for one in skipped if one.skip is Skip.EMPTY}
    gone = (may_go - {one.source for one in waiting}) | (blank & held.keys())
    if gone:
        writing.writer.remove(sorted(gone))
    added = len(written - held.keys())
    return IngestReport(
        added=added,
        updated=len(written) - added,
        unchanged=len(waiting) - len(changed),
        removed=len(gone),
        skipped=tuple(skipped),
        notes=tuple(notes),
        chunks=0,
        seconds=time.monotonic() - started,
    )


def recipe_of(chunker: Chunker) -> str:
    """How documents are chunked and embedded now; what was made by another is made anew."""
    return f"{chunker.recipe} embedding={EMBEDDING_RULES}"


def _read(
    changed: Sequence[Waiting],
    skipped: list[Skipped],
    notes: list[tuple[str, str]],
    options: IngestOptions,
) -> Iterator[Document]:
    """Documents with text, as they are asked for; what is left out is added to ``skipped``."""
    for done, one in enumerate(changed, 1):
        try:
            document, note = one.read()
        except DocumentError as error:
            if options.strict:
                raise
            reason = error.message.removeprefix(f"{one.source} ")
            skipped.append(Skipped(one.source, Skip.UNREADABLE, reason))
        else:
            if document.is_blank:
                skipped.append(Skipped(one.source, Skip.EMPTY, note or "there is no text in it"))
            else:
                if note:
                    notes.append((one.source, note))
                yield document
        if options.progress:
            options.progress(done, len(changed), one.source)


_Batch = list[tuple[Document, list[Chunk]]]


def _batches(documents: Iterable[Document], chunker: Chunker) -> Iterator[_Batch]:
    """Documents with their chunks, in groups large enough to be embedded at a good speed."""
    batch: _Batch = []
    for document in documents:
        batch.append((document, chunker.split(document)))
        if sum(len(chunks) for _, chunks in batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _check_limit(chunker: Chunker, embedder: Embedder) -> None:
    if chunker.limit > embedder.max_tokens:
        raise InputError(
            f"chunk limit {chunker.limit} is more than {embedder.name} reads",
            hint=f"give at most {embedder.max_tokens}",
            param="limit",
        )
