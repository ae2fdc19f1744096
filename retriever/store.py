"""Chunks and their vectors in a persistent Chroma collection, one folder per store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from retriever.chunking import Chunk
from retriever.documents import Document
from retriever.embedder import Embedder, Vectors
from retriever.errors import EmbedderMismatchError, StoreError
from retriever.generations import Generations

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

    _Among = dict[Literal["$in", "$nin"], list[str | int | float | bool]]  # as Chroma types it

__all__ = ["ChunkStore", "RankedChunk", "StoreWriter", "StoredDocument"]

_Result = TypeVar("_Result")

_COLLECTION = "chunks"
_SOURCES = 500  # in one condition; SQLite limits how long one may be
# Repeated passages fill a small index's links with copies of themselves, until the rest can no
# longer be reached. With these values 1000 copies of one chunk hide less than 1 % of the others.
_INDEX: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 64,
    "ef_construction": 200,
    "ef_search": 200,
    # Saved with every write, the index is not rebuilt from the log whenever a store is opened.
    "sync_threshold": 2,
}


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chunk found for a question: its cosine similarity, and its rank from 0."""

    chunk: Chunk
    similarity: float
    rank: int

    @property
    def source(self) -> str:
        """Of what document it is."""
        return self.chunk.source

    @property
    def where(self) -> str:
        """Of what document it is, and what part of it: ``fees.pdf, page 3``."""
        return ", ".join(filter(None, (self.chunk.source, self.chunk.place)))

    @property
    def text(self) -> str:
        """What it says."""
        return self.chunk.text


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the store knows of a document.

    Attributes:
        source: what it is called, see :mod:`retriever.naming`.
        title: the title of its first chunk.
        sha256: hash of the file that was ingested.
        recipe: how it was chunked (``Chunker.recipe``).
        chunks: how many chunks it has.
        path, root: see :class:`retriever.documents.Document`; empty where an earlier version
            ingested it.
    """

    source: str
    title: str
    sha256: str
    recipe: str
    chunks: int
    path: str = ""
    root: str = ""


class ChunkStore:
    """Reads a store, and hands out its one writer.

    It always reads what was published last, also by another process, and never a document that
    is half written. It may be used from several threads. Every method raises StoreError when the
    store is damaged, and EmbedderMismatchError when it was made with another embedder.

    Args:
        folder: where the store is, or will be.
        embedder: the embedder of the vectors in it.
    """

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._generations = Generations(folder)
        self._embedder = embedder
        self._lock = threading.RLock()
        self._connection: _Connection | None = None

    def documents(self) -> dict[str, StoredDocument]:
        """Every document by its source; empty when nothing was ingested yet."""
        found = self._read(lambda c: c.get(where={"position": 0}, include=["metadatas"]))
        if found is None:
            return {}
        stored = [_stored_document(metadata) for metadata in found["metadatas"] or []]
        return {document.source: document for document in sorted(stored, key=lambda d: d.source)}

    def count(self) -> int:
        """How many chunks there are; 0 when nothing was ingested yet."""
        return self._read(lambda collection: collection.count()) or 0

    def chunks(self, page: int = 256) -> Iterator[Chunk]:
        """Every chunk, in no order; ``page`` are read at a time."""
        for offset in count(step=page):
            found = self._read(partial(_page, page, offset))
            if found is None or not found["ids"]:
                return
            columns = (found[key] or [] for key in ("ids", "documents", "metadatas"))
            for identity, text, metadata in zip(*columns, strict=True):
                yield _chunk(identity, text, metadata)

    def query(self, vector: Vectors, k: int) -> list[RankedChunk]:
        """The ``k`` chunks nearest to a vector ``[dimension]``, most similar first.

        Fewer than ``k`` when the store holds fewer. The index is approximate.

        Raises:
            StoreError: nothing was ingested yet.
        """
        found: Mapping[str, Any] | None = self._read(
            lambda collection: collection.query(
                query_embeddings=vector[None, :],
                n_results=k,
                include=["documents", "metadatas", "distances"],
            )
        )
        if found is None:
            raise StoreError(
                f"there is no store in {self._generations.folder}",
                hint="run `overlay ingest FOLDER` first",
                param="store",
            )
        columns = (found[key][0] for key in ("distances", "ids", "documents", "metadatas"))
        hits = sorted(zip(*columns, strict=True), key=lambda hit: hit[:2])
        return [
            RankedChunk(_chunk(identity, text, metadata), 1.0 - distance, rank)
            for rank, (distance, identity, text, metadata) in enumerate(hits)
        ]

    @contextmanager
    def writer(self) -> Iterator[StoreWriter]:
        """The only writer of the store; what it did not publish is dropped at the end.

        Raises:
            BusyError: another process or thread is writing.
        """
        with self._generations.lock():
            writer = StoreWriter(self._generations, self._embedder)
            try:
                yield writer
            finally:
                writer.close()

    def close(self) -> None:
        """Closes the store's files; the next call opens them again."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self, action: Callable[[Collection], _Result]) -> _Result | None:
        """What ``action`` makes of the published collection; None when there is none."""
        with self._lock:
            while (generation := self._generations.current()) is not None:
                # Ingests that end meanwhile remove what is being read: Chroma then fails, or finds
                # less than there was.
                try:
                    with _chroma_errors(generation):
                        result = action(self._open(generation).collection)
                except StoreError:
                    self.close()
                    if self._generations.current() == generation:
                        raise
                else:
                    if self._generations.current() == generation:
                        return result
            self.close()
            return None

    def _open(self, generation: Path) -> _Connection:
        if self._connection is None or self._connection.generation != generation:
            self.close()
            self._connection = _Connection(generation, self._embedder, create=False)
        return self._connection


class StoreWriter:
    """Changes a copy of the store and publishes it. Made by ``ChunkStore.writer``."""

    def __init__(self, generations: Generations, embedder: Embedder) -> None:
        self._generations = generations
        self._embedder = embedder
        self._connection: _Connection | None = None

    def replace(
        self, batch: Sequence[tuple[Document, list[Chunk]]], vectors: Vectors, recipe: str
    ) -> None:
        """Puts the chunks of some documents in place of all that was held of their sources.

        Args:
            batch: documents with their chunks, at least one for each; many at a time are faster.
            vectors: one for each chunk in order, ``[chunk, dimension]``.
            recipe: how they were chunked (``Chunker.recipe``).
        """
        self.remove([document.source for document, _ in batch])
        rows = [
            (chunk, _metadata(document, chunk, len(chunks), recipe))
            for document, chunks in batch
            for chunk in chunks
        ]
        connection = self._open()
        with _chroma_errors(connection.generation):
            for start in range(0, len(rows), connection.batch):
                part = rows[start : start + connection.batch]
                connection.collection.upsert(
                    ids=[chunk.id for chunk, _ in part],
                    embeddings=vectors[start : start + connection.batch],
                    documents=[chunk.text for chunk, _ in part],
                    metadatas=[metadata for _, metadata in part],
                )

    def remove(self, sources: Sequence[str]) -> None:
        """Removes all chunks of some sources; those not held are passed over."""
        connection = self._open()
        with _chroma_errors(connection.generation):
            for start in range(0, len(sources), _SOURCES):
                among: _Among = {"$in": [*sources[start : start + _SOURCES]]}
                connection.collection.delete(where={"source": among})

    def publish(self) -> None:
        """Makes every change so far visible and lasting, all at once."""
        if connection := self._connection:
            self.close()
            self._generations.publish(connection.generation)

    def close(self) -> None:
        """Drops the changes that were not published."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _open(self) -> _Connection:
        if self._connection is None:
            generation = self._generations.fork()
            self._connection = _Connection(generation, self._embedder, create=True)
        return self._connection


class _Connection:
    """Chroma, opened on one generation, whose collection is made or checked to be ours."""

    def __init__(self, generation: Path, embedder: Embedder, *, create: bool) -> None:
        import chromadb  # takes more than a second
        from chromadb.config import Settings

        # Whatever the environment or an .env file says: no telemetry, no tracing, no server.
        settings = Settings(
            anonymized_telemetry=False,
            chroma_otel_collection_endpoint="",
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        )
        self.generation = generation
        # Chroma shares what it has open by this name, and a process may change its folder.
        path = str(generation.absolute())
        with _chroma_errors(generation):
            client = chromadb.PersistentClient(path, settings=settings)
            self._client = cast("Client", client)  # declared as the base, which cannot be closed
            try:
                self.batch = client.get_max_batch_size()
                self.collection = self._collection(embedder, create=create)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        self._client.close()

    def _collection(self, embedder: Embedder, *, create: bool) -> Collection:
        # Without an embedding function Chroma never downloads a model of its own.
        if create and not self._client.list_collections():
            return self._client.create_collection(
                _COLLECTION,
                embedding_function=None,
                configuration={"hnsw": _INDEX},
                metadata={
                    "embedder": embedder.name,
                    "fingerprint": embedder.fingerprint,
                    "dimension": embedder.dimension,
                },
            )
        collection = self._client.get_collection(_COLLECTION, embedding_function=None)
        held = collection.metadata or {}
        if held.get("fingerprint") != embedder.fingerprint:
            raise EmbedderMismatchError(
                f"the store was made with the embedder {held.get('embedder')}, "
                f"and cannot be used with {embedder.name}",
                hint="use that embedder, ingest into another store folder, "
                "or delete this one and ingest again",
                param="embedder",
            )
        return collection


@contextmanager
def _chroma_errors(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError  # heavy as well

    try:
        yield
    except ChromaError as error:
        raise StoreError(
            f"the store {folder} cannot be used: {error}",
            hint="if it is damaged, delete its folder and ingest again",
        ) from error


def _page(limit: int, offset: int, collection: Collection) -> Mapping[str, Any]:
    included: Any = ["documents", "metadatas"]  # chromadb's own literal type
    return collection.get(limit=limit, offset=offset, include=included)


def _metadata(document: Document, chunk: Chunk, chunks: int, recipe: str) -> dict[str, str | int]:
    return {
        "source": chunk.source,
        "title": chunk.title,
        "position": chunk.position,
        "place": chunk.place,
        "date": chunk.date,
        "sha256": document.sha256,
        "recipe": recipe,
        "chunks": chunks,
        "path": document.path,
        "root": document.root,
    }


def _chunk(identity: str, text: str, metadata: Mapping[str, Any]) -> Chunk:
    return Chunk(
        id=identity,
        source=metadata["source"],
        title=metadata["title"],
        position=metadata["position"],
        text=text,
        # Stores of before know of neither.
        place=metadata.get("place", ""),
        date=metadata.get("date", ""),
    )


def _stored_document(metadata: Mapping[str, Any]) -> StoredDocument:
    known = (field.name for field in fields(StoredDocument))
    return StoredDocument(**{name: metadata[name] for name in known if name in metadata})
