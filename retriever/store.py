"""Chunks, their vectors and their words in one folder, to be searched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from retriever.chroma import among_sources, chroma_errors, chunk_page, chunks_at
from retriever.chunking import Chunk
from retriever.embedder import Embedder, Vectors
from retriever.errors import StoreError
from retriever.generations import Generations
from retriever.open_generation import OpenGeneration
from retriever.rows import RankedChunk, StoredDocument, chunk_of
from retriever.writing import StoreWriter

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

__all__ = ["ChunkStore", "RankedChunk", "StoreWriter", "StoredDocument"]

_Result = TypeVar("_Result")


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
        self._opened: OpenGeneration | None = None

    def documents(self) -> dict[str, StoredDocument]:
        """Every document by its source; empty when nothing was ingested yet."""
        return dict(self._read_open(lambda opened: opened.documents) or {})

    def count(self) -> int:
        """How many chunks there are; 0 when nothing was ingested yet."""
        return self._read(lambda collection: collection.count()) or 0

    def chunks(self, page: int = 256) -> Iterator[Chunk]:
        """Every chunk, in no order; ``page`` are read at a time."""
        for offset in count(step=page):
            found = self._read(partial(chunk_page, offset=offset, limit=page))
            if not found:
                return
            yield from found

    def query(
        self, vector: Vectors, k: int, among: Collection[str] | None = None
    ) -> list[RankedChunk]:
        """The ``k`` chunks nearest to a vector ``[dimension]``, most similar first.

        Fewer than ``k`` when the store holds fewer. The index is approximate.

        Args:
            among: sources that the chunks are from; None for any.

        Raises:
            StoreError: nothing was ingested yet, or ``among`` is too long.
        """
        found: Mapping[str, Any] | None = self._read_open(
            lambda opened: opened.collection.query(
                query_embeddings=vector[None, :],
                n_results=k,
                where=None if among is None else among_sources(among, opened.documents),
                include=["documents", "metadatas", "distances"],
            )
        )
        if found is None:
            raise self._nothing_there()
        columns = (found[key][0] for key in ("distances", "ids", "documents", "metadatas"))
        hits = sorted(zip(*columns, strict=True), key=lambda hit: hit[:2])
        return [
            RankedChunk(chunk_of(*row), 1.0 - distance, rank)
            for rank, (distance, *row) in enumerate(hits)
        ]

    def lexical(
        self, text: str, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Ids of the ``k`` chunks that share most words with a text, with their BM25, best first.

        Empty when no chunk shares a word, and until the next ingest that changes something when
        the store was made before there was an index of words, or the index is damaged.

        Args:
            among: as in ``query``.

        Raises:
            StoreError: nothing was ingested yet.
        """
        found = self._read_open(lambda opened: opened.words_of(text, k, among))
        if found is None:
            raise self._nothing_there()
        return found

    def similar(self, ids: Sequence[str], vector: Vectors) -> list[RankedChunk]:
        """The chunks of these ids in this order, with their cosine similarity to a vector.

        Args:
            ids: those that the store does not hold are left out.
            vector: ``[dimension]``.
        """
        if not ids:
            return []
        found: Mapping[str, Any] | None = self._read(
            lambda collection: collection.get(
                ids=[*ids], include=["documents", "metadatas", "embeddings"]
            )
        )
        if found is None:
            return []
        columns = (found[key] for key in ("ids", "documents", "metadatas", "embeddings"))
        held = {
            identity: (chunk_of(identity, text, metadata), _cosine(embedding, vector))
            for identity, text, metadata, embedding in zip(*columns, strict=True)
        }
        there = [held[identity] for identity in ids if identity in held]
        return [RankedChunk(*hit, rank) for rank, hit in enumerate(there)]

    def at(self, places: Sequence[tuple[str, int]]) -> list[Chunk]:
        """The chunks at some places, each a source and a position, in no order.

        Args:
            places: those where no chunk stands are left out.
        """
        positions: dict[str, list[int]] = {}
        for source, position in places:
            positions.setdefault(source, []).append(position)
        if not positions:
            return []
        return self._read(partial(chunks_at, positions=positions)) or []

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
            if self._opened:
                self._opened.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self, action: Callable[[ChromaCollection], _Result]) -> _Result | None:
        """What ``action`` makes of the published collection; None when there is none."""
        return self._read_open(lambda opened: action(opened.collection))

    def _read_open(self, action: Callable[[OpenGeneration], _Result]) -> _Result | None:
        """What ``action`` makes of the published generation; None when there is none."""
        with self._lock:
            while (generation := self._generations.current()) is not None:
                # Ingests that end meanwhile remove what is being read: Chroma then fails, or finds
                # less than there was.
                try:
                    with chroma_errors(generation):
                        result = action(self._open(generation))
                except StoreError:
                    self.close()
                    if self._generations.current() == generation:
                        raise
                else:
                    if self._generations.current() == generation:
                        return result
            self.close()
            return None

    def _open(self, generation: Path) -> OpenGeneration:
        if self._opened is None or self._opened.generation != generation:
            self.close()
            self._opened = OpenGeneration(generation, self._embedder)
        return self._opened

    def _nothing_there(self) -> StoreError:
        return StoreError(
            f"there is no store in {self._generations.folder}",
            hint="run `overlay ingest FOLDER` first",
            param="store",
        )


def _cosine(first: Vectors, second: Vectors) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
