"""A published generation, open to be read: Chroma and the index of words."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from retriever.chroma import Connection
from retriever.embedder import Embedder
from retriever.errors import StoreError
from retriever.generations import copy_generation
from retriever.lexical import LexicalIndex
from retriever.rows import StoredDocument, document_of

__all__ = ["OpenGeneration", "is_writable"]


class OpenGeneration:
    """What a store reads from.

    Chroma writes to its files when it opens them. Where it may not, as on a disk that is mounted
    read-only, it opens a copy in the system's temporary folder, which goes when this is closed.

    Args:
        generation: the folder of a published generation.

    Attributes:
        collection: Chroma's.
        words: the index of words; None where the generation has none.

    Raises:
        StoreError: the generation is damaged, or was removed meanwhile.
        EmbedderMismatchError: it was made with another embedder.
    """

    def __init__(self, generation: Path, embedder: Embedder) -> None:
        self.generation = generation
        self._closing = ExitStack()
        with ExitStack() as opened:
            folder = generation
            if not is_writable(generation):
                scratch = opened.enter_context(TemporaryDirectory(prefix="overlay-store-"))
                folder = _copied(generation, Path(scratch))
            connection = Connection(folder, embedder, create=False)
            opened.callback(connection.close)
            self.collection = connection.collection
            self.words = LexicalIndex.read(generation)
            if self.words:
                opened.callback(self.words.close)
            self._closing = opened.pop_all()

    @cached_property
    def documents(self) -> dict[str, StoredDocument]:
        """Every document by its source, in order; read once, a generation never changes."""
        found = self.collection.get(where={"position": 0}, include=["metadatas"])
        stored = [document_of(metadata) for metadata in found["metadatas"] or []]
        return {document.source: document for document in sorted(stored, key=lambda d: d.source)}

    def close(self) -> None:
        """Closes its files."""
        self._closing.close()


def is_writable(generation: Path) -> bool:
    """Whether the folder of a generation and all in it may be written to; no if it is gone."""
    return all(os.access(path, os.W_OK) for path in (generation, *generation.rglob("*")))


def _copied(generation: Path, scratch: Path) -> Path:
    copy = scratch / generation.name
    try:
        copy_generation(generation, copy)
        for path in (copy, *copy.rglob("*")):  # permissions are copied too
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the store {generation} is read-only, and cannot be copied to {scratch}: {error}",
            hint="make room there, or make the store writable",
        ) from error
    return copy
