"""A published generation, open to be read: Chroma and the index of words."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Collection
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from retriever.chroma import Connection, all_documents
from retriever.embedder import Embedder
from retriever.errors import StoreError
from retriever.generations import copy_generation
from retriever.lexical import LexicalIndex
from retriever.rows import StoredDocument

__all__ = ["OpenGeneration", "copied", "is_writable"]

_WITHOUT_WORDS = "questions are searched by vectors alone: %s"

_logger = logging.getLogger(__name__)


class OpenGeneration:
    """What a store reads from.

    Chroma writes to its files when it opens them. Where it may not, as on a disk that is mounted
    read-only, it opens a copy in the system's temporary folder, which goes when this is closed.

    Args:
        generation: the folder of a published generation.

    Attributes:
        collection: Chroma's.
        words: the index of words; None where the generation has none that can be read.

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
                folder = copied(generation, Path(scratch))
            connection = Connection(folder, embedder, create=False)
            opened.callback(connection.close)
            self.collection = connection.collection
            self.words = _words(generation)
            if self.words:
                opened.callback(self.words.close)
            self._closing = opened.pop_all()

    def words_of(self, text: str, k: int, among: Collection[str] | None) -> list[tuple[str, float]]:
        """As :meth:`LexicalIndex.query`; nothing where there is no index of words that can be read.

        Vectors still find chunks, so a damaged one costs no answer; the log says so once.
        """
        try:
            return self.words.query(text, k, among) if self.words else []
        except StoreError as error:
            _logger.warning(_WITHOUT_WORDS, error)
            self.words = None
            return []

    @cached_property
    def documents(self) -> dict[str, StoredDocument]:
        """Every document by its source, in order; read once, a generation never changes."""
        return {document.source: document for document in all_documents(self.collection)}

    def close(self) -> None:
        """Closes its files."""
        self._closing.close()


def _words(generation: Path) -> LexicalIndex | None:
    try:
        return LexicalIndex.read(generation)
    except StoreError as error:
        _logger.warning(_WITHOUT_WORDS, error)
        return None


def is_writable(generation: Path) -> bool:
    """Whether the folder of a generation and all in it may be written to; no if it is gone."""
    return all(os.access(path, os.W_OK) for path in (generation, *generation.rglob("*")))


def copied(generation: Path, scratch: Path) -> Path:
    """A copy of a generation that may not be written to, in a folder where it may.

    Raises:
        StoreError: it cannot be copied.
    """
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
