"""A folder into a store: what is new is embedded, what is gone is removed, the rest is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from overlay.errors import InputError
from retriever.chunking import Chunk, Chunker
from retriever.documents import Document, read_folder
from retriever.embedded_text import EMBEDDING_RULES, embedded_text
from retriever.embedder import Embedder
from retriever.store import ChunkStore

__all__ = ["IngestReport", "Progress", "ingest", "ingest_documents"]

_BATCH = 64  # chunks embedded at a time, across documents
_CHECKPOINT = 1024  # chunks after which the work so far is published

Progress = Callable[[int, int, str], None]
"""Called after each embedded document: how many are done, of how many, and its source."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        added: documents that the store did not hold.
        updated: documents that had changed, or were chunked or embedded in another way.
        unchanged: documents that were left as they are.
        removed: documents that are gone, or have become blank.
        skipped_empty: sources of the documents without text.
        chunks: chunks in the store now.
        seconds: how long it took.
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    skipped_empty: tuple[str, ...]
    chunks: int
    seconds: float


def ingest(
    path: Path,
    store: ChunkStore,
    embedder: Embedder,
    chunker: Chunker,
    progress: Progress | None = None,
) -> IngestReport:
    """Makes the store hold the documents of a folder and no others.

    A single file is added to what the store holds, or updated in it.

    Raises:
        DocumentError: the folder cannot be read, or holds no text.
        InputError: the chunk limit is more than the embedder reads.
        EmbedderError, StoreError, BusyError: from the embedder and the store.
    """
    return ingest_documents(
        read_folder(path),
        store,
        embedder,
        chunker,
        progress,
        remove_missing=path.is_dir(),
    )


def ingest_documents(
    documents: Sequence[Document],
    store: ChunkStore,
    embedder: Embedder,
    chunker: Chunker,
    progress: Progress | None = None,
    *,
    remove_missing: bool = True,
    checkpoint: int = _CHECKPOINT,
) -> IngestReport:
    """As ``ingest``, for documents that are already read.

    It can be killed at any moment: the store then holds what it held before, with the documents
    up to the last checkpoint replaced, and the next ingest does the rest.

    Args:
        documents: with one document for each source.
        remove_missing: whether documents of the store that are not among these are removed.
        checkpoint: chunks after which the work so far is published.
    """
    started = time.monotonic()
    recipe = f"{chunker.recipe} embedding={EMBEDDING_RULES}"
    with store.writer() as writer:
        held = store.documents()
        readable = [document for document in documents if not document.is_blank]
        changed = [
            document
            for document in readable
            if (known := held.get(document.source)) is None
            or (known.sha256, known.recipe) != (document.sha256, recipe)
        ]
        if changed:
            _check_limit(chunker, embedder)
        done = unpublished = 0
        for batch in _batches(changed, chunker):
            vectors = embedder.embed(
                [embedded_text(chunk) for _, chunks in batch for chunk in chunks]
            )
            writer.replace(batch, vectors, recipe)
            for document, chunks in batch:
                done += 1
                unpublished += len(chunks)
                if progress:
                    progress(done, len(changed), document.source)
            if unpublished >= checkpoint:
                writer.publish()
                unpublished = 0
        gone = held.keys() - {document.source for document in readable}
        if not remove_missing:
            gone &= {document.source for document in documents}  # those that have become blank
        if gone:
            writer.remove(sorted(gone))
        writer.publish()
    added = sum(document.source not in held for document in changed)
    return IngestReport(
        added=added,
        updated=len(changed) - added,
        unchanged=len(readable) - len(changed),
        removed=len(gone),
        skipped_empty=tuple(document.source for document in documents if document.is_blank),
        chunks=store.count(),
        seconds=time.monotonic() - started,
    )


_Batch = list[tuple[Document, list[Chunk]]]


def _check_limit(chunker: Chunker, embedder: Embedder) -> None:
    if chunker.limit > embedder.max_tokens:
        raise InputError(
            f"chunk limit {chunker.limit} is more than {embedder.name} reads",
            hint=f"give at most {embedder.max_tokens}",
            param="limit",
        )


def _batches(documents: Sequence[Document], chunker: Chunker) -> Iterator[_Batch]:
    """Documents with their chunks, in groups large enough to be embedded at a good speed."""
    batch: _Batch = []
    for document in documents:
        batch.append((document, chunker.split(document)))
        if sum(len(chunks) for _, chunks in batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
