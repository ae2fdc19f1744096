"""The documents that a collection holds now, read from its published generation."""

from __future__ import annotations

from pathlib import Path

from retriever import ChunkStore, StoredDocument, StoreError, embedder_of, open_embedder
from retriever.generations import Generations
from retriever.record import recorded

__all__ = ["Published"]


class Published:
    """Reads a collection's documents, and again when another generation was published.

    Any thread may use it: nothing is shared but a value that is put in place whole.

    Args:
        folder: the collection's.
        embedder: of a collection that does not say its own.
    """

    def __init__(self, folder: Path, embedder: str) -> None:
        self._folder = folder
        self._embedder = embedder
        self._generations = Generations(folder)
        self._read: tuple[Path, list[StoredDocument]] | None = None

    def documents(self) -> list[StoredDocument]:
        """By source; empty where nothing was published.

        Raises:
            StoreError: the collection is damaged.
        """
        while (generation := self._generations.current()) is not None:
            held = self._read
            if held is not None and held[0] == generation:
                return held[1]
            try:
                found = recorded(generation)
                if found is None:  # a store of before has no record yet
                    found = self._of_chroma()
            except StoreError:
                if self._generations.current() == generation:
                    raise
            else:
                self._read = generation, found
                return found
        return []

    def _of_chroma(self) -> list[StoredDocument]:
        embedder = open_embedder(embedder_of(self._folder) or self._embedder)
        with ChunkStore(self._folder, embedder) as store:
            return list(store.documents().values())
