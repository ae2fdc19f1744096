"""Changes to a store: made to a copy of it, and published at once."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from retriever.chroma import Connection, all_chunks, all_documents, chroma_errors
from retriever.chunking import Chunk
from retriever.copying import copy_rows
from retriever.documents import Document
from retriever.embedder import Embedder, Vectors
from retriever.generations import Generations
from retriever.lexical import LexicalIndex
from retriever.record import DocumentRecord
from retriever.rows import document_of, metadata_of

if TYPE_CHECKING:
    _Among = dict[Literal["$in", "$nin"], list[str | int | float | bool]]  # as Chroma types it

__all__ = ["StoreWriter"]

_SOURCES = 500  # in one condition; SQLite limits how long one may be


class _Opened(NamedTuple):
    connection: Connection
    words: LexicalIndex
    record: DocumentRecord


class StoreWriter:
    """Changes a copy of the store and publishes it. Made by ``ChunkStore.writer``.

    Chunks are put into Chroma and into the index of words, their documents into the record, and
    all are published together.

    Args:
        fresh: begin with nothing, in place of a copy of what is published: that is damaged.
    """

    def __init__(
        self, generations: Generations, embedder: Embedder, *, fresh: bool = False
    ) -> None:
        self._fresh = fresh
        self._generations = generations
        self._embedder = embedder
        self._opened: _Opened | None = None

    def replace(
        self, batch: Sequence[tuple[Document, list[Chunk]]], vectors: Vectors, recipe: str
    ) -> None:
        """Puts the chunks of some documents in place of all that was held of their sources.

        Args:
            batch: documents with their chunks, at least one for each; many at a time are faster.
            vectors: one for each chunk in order, ``[chunk, dimension]``.
            recipe: how they were chunked and embedded.
        """
        self.remove([document.source for document, _ in batch])
        rows = [
            (chunk, metadata_of(document, chunk, len(chunks), recipe))
            for document, chunks in batch
            for chunk in chunks
        ]
        connection, words, record = self._open()
        with chroma_errors(connection.generation):
            for start in range(0, len(rows), connection.batch):
                part = rows[start : start + connection.batch]
                connection.collection.upsert(
                    ids=[chunk.id for chunk, _ in part],
                    embeddings=vectors[start : start + connection.batch],
                    documents=[chunk.text for chunk, _ in part],
                    metadatas=[metadata for _, metadata in part],
                )
        words.add(chunk for chunk, _ in rows)
        record.add(document_of(metadata) for _, metadata in rows if metadata["position"] == 0)

    def remove(self, sources: Sequence[str]) -> None:
        """Removes all chunks of some sources; those not held are passed over."""
        connection, words, record = self._open()
        with chroma_errors(connection.generation):
            for start in range(0, len(sources), _SOURCES):
                among: _Among = {"$in": [*sources[start : start + _SOURCES]]}
                connection.collection.delete(where={"source": among})
        words.remove(sources)
        record.remove(sources)

    def adopt(self, generation: Path, sources: Container[str] | None = None) -> set[str]:
        """Takes the chunks of another generation over, embedded again from their texts.

        Args:
            sources: of which documents; None for all.

        Returns:
            The sources that were found there.
        """
        connection, words, record = self._open()
        found = copy_rows(generation, connection, self._embedder, sources)
        with chroma_errors(connection.generation):
            words.add(all_chunks(connection.collection))
            record.add(all_documents(connection.collection))
        return found

    def publish(self) -> None:
        """Makes every change so far visible and lasting, all at once."""
        if self._opened:
            generation = self._opened.connection.generation
            self.close()
            self._generations.publish(generation)

    def close(self) -> None:
        """Drops the changes that were not published."""
        if self._opened:
            for index in self._opened:
                index.close()
        self._opened = None

    def _open(self) -> _Opened:
        if self._opened is None:
            generation = self._generations.fresh() if self._fresh else self._generations.fork()
            with ExitStack() as opened:
                connection = Connection(generation, self._embedder, create=True)
                opened.callback(connection.close)
                # A store of before has no index of words yet, and no record.
                words = LexicalIndex.write(generation, all_chunks(connection.collection))
                opened.callback(words.close)
                record = DocumentRecord(generation, all_documents(connection.collection))
                opened.pop_all()
            self._opened = _Opened(connection, words, record)
        return self._opened
