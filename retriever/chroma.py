"""Chroma, opened on the folder of one generation."""

from __future__ import annotations

import threading
from collections.abc import Collection as Sized
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from retriever.chunking import Chunk
from retriever.embedder import Embedder
from retriever.errors import EmbedderMismatchError, StoreError
from retriever.rows import StoredDocument, chunk_of, document_of
from retriever.segments import check_sizes

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Where
    from chromadb.config import Settings

__all__ = [
    "Connection",
    "all_chunks",
    "all_documents",
    "among_sources",
    "chroma_errors",
    "chunk_page",
    "chunks_at",
]

_COLLECTION = "chunks"
# Chroma counts who has a folder open, and two threads may upset the count.
_opening = threading.Lock()
_PAGE = 256  # chunks read at a time
_MOST_NAMED = 30_000  # sources in one condition; SQLite takes 32,766 variables
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


class Connection:
    """Chroma, opened on one generation, whose collection is made or checked to be ours.

    Args:
        generation: a folder that can be written.
        create: whether a collection is made where there is none.

    Attributes:
        batch: most chunks that it takes at a time.

    Raises:
        StoreError: the folder is damaged.
        EmbedderMismatchError: the collection was made with another embedder.
    """

    def __init__(self, generation: Path, embedder: Embedder, *, create: bool) -> None:
        check_sizes(generation)
        from chromadb.config import Settings  # takes more than a second

        # Whatever the environment or an .env file says: no telemetry, no tracing, no server.
        settings = Settings(
            anonymized_telemetry=False,
            chroma_otel_collection_endpoint="",
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        )
        self.generation = generation
        # Chroma shares what it has open by this name, and a process may change its folder.
        path = str(generation.absolute())
        with chroma_errors(generation):
            client = _client(path, settings)
            self._client = cast("Client", client)  # declared as the base, which cannot be closed
            try:
                self.batch = client.get_max_batch_size()
                self.collection = self._collection(embedder, create=create)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Closes its files."""
        with _opening:
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


def _client(path: str, settings: Settings) -> ClientAPI:
    """Chroma on a folder; two of one folder share what is open, and the last to close closes it."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    with _opening:
        try:
            return chromadb.PersistentClient(path, settings=settings)
        except BaseException:
            # What could not start is left there half made, and whoever comes next would get it.
            if path not in SharedSystemClient._identifier_to_refcount:
                SharedSystemClient._identifier_to_system.pop(path, None)
            raise


@contextmanager
def chroma_errors(folder: Path) -> Iterator[None]:
    """Turns what Chroma raises into a StoreError that names the store."""
    from chromadb.errors import ChromaError  # heavy as well

    try:
        yield
    except ChromaError as error:
        raise StoreError(
            f"the store {folder} cannot be used: {error}",
            hint="`overlay doctor` says what is damaged, and with --repair mends it",
        ) from error


def chunk_page(collection: Collection, offset: int, limit: int) -> list[Chunk]:
    """``limit`` chunks, or fewer at the end, in Chroma's own order."""
    included: Any = ["documents", "metadatas"]  # chromadb's own literal type
    found: Mapping[str, Any] = collection.get(limit=limit, offset=offset, include=included)
    columns = (found[key] or [] for key in ("ids", "documents", "metadatas"))
    return [chunk_of(*row) for row in zip(*columns, strict=True)]


def chunks_at(collection: Collection, positions: Mapping[str, Sequence[int]]) -> list[Chunk]:
    """The chunks of some sources at some positions, in no order.

    Args:
        positions: by source, at least one.
    """
    each: list[Any] = [
        {"$and": [{"source": source}, {"position": {"$in": [*wanted]}}]}
        for source, wanted in positions.items()
    ]
    included: Any = ["documents", "metadatas"]  # chromadb's own literal type
    found: Mapping[str, Any] = collection.get(
        where={"$or": each} if len(each) > 1 else each[0], include=included
    )
    columns = (found[key] or [] for key in ("ids", "documents", "metadatas"))
    return [chunk_of(*row) for row in zip(*columns, strict=True)]


def all_documents(collection: Collection) -> list[StoredDocument]:
    """Every document, in the order of their sources."""
    found = collection.get(where={"position": 0}, include=["metadatas"])
    stored = [document_of(metadata) for metadata in found["metadatas"] or []]
    return sorted(stored, key=lambda document: document.source)


def all_chunks(collection: Collection, page: int = _PAGE) -> Iterator[Chunk]:
    """Every chunk, ``page`` of them read at a time."""
    for offset in count(step=page):
        found = chunk_page(collection, offset, page)
        yield from found
        if len(found) < page:
            return


def among_sources(wanted: Sized[str], held: Sized[str]) -> Where | None:
    """Chroma's condition for chunks of the wanted sources; None where that is all that is held.

    The shorter list is named: the wanted ones, or the others.

    Raises:
        StoreError: both are too long.
    """
    chosen = set(wanted)
    others = [source for source in held if source not in chosen]
    if not others:
        return None
    named, how = ([*chosen], "$in") if len(chosen) <= len(others) else (others, "$nin")
    if len(named) > _MOST_NAMED:
        raise StoreError(
            f"the filter parts the store into {len(chosen)} and {len(others)} documents, and "
            f"one of both may have {_MOST_NAMED} at most",
            hint="narrow the filter, or keep the documents in several collections",
        )
    return cast("Where", {"source": {how: named}})
