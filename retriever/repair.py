"""A collection's files made whole again from what can still be read of them.

The caller holds the collection's lock. Nothing is written to what is published: a new generation
is made beside it and published, so a repair that is killed leaves what was there.
"""

from __future__ import annotations

from pathlib import Path

from retriever.chroma import Connection, all_chunks, all_documents
from retriever.embedder import Embedder
from retriever.errors import StoreError
from retriever.generations import Generations, generation_folders
from retriever.lexical import FILE as WORDS
from retriever.lexical import LexicalIndex
from retriever.record import FILE as RECORD
from retriever.record import DocumentRecord
from retriever.writing import StoreWriter

__all__ = ["mend_beside", "mend_pointer", "mend_vectors"]


def mend_beside(folder: Path, embedder: Embedder) -> None:
    """Make the index of words and the record anew from Chroma's chunks.

    Raises:
        StoreError: Chroma cannot be read, or nothing can be written.
    """
    generations = Generations(folder)
    target = generations.fork()
    for name in (WORDS, RECORD):
        (target / name).unlink(missing_ok=True)
    connection = Connection(target, embedder, create=True)
    try:
        LexicalIndex.write(target, all_chunks(connection.collection)).close()
        DocumentRecord(target, all_documents(connection.collection)).close()
    finally:
        connection.close()
    generations.publish(target)


def mend_vectors(folder: Path, embedder: Embedder) -> None:
    """Embed every chunk again from its text, into an index made anew.

    Raises:
        StoreError: Chroma's database cannot be read, or nothing can be written.
        EmbedderError: the embedder does not load.
    """
    generations = Generations(folder)
    damaged = generations.current()
    assert damaged is not None  # noqa: S101 - the caller has found it damaged
    writer = StoreWriter(generations, embedder, fresh=True)
    try:
        writer.adopt(damaged)
        writer.publish()
    finally:
        writer.close()


def mend_pointer(folder: Path, embedder: Embedder) -> Path | None:
    """Publish the newest generation that opens; which one, None where none does."""
    generations = Generations(folder)
    for path in reversed(generation_folders(folder)):
        try:
            Connection(path, embedder, create=False).close()
        except StoreError:
            continue
        generations.publish(path)
        return path
    generations.unpublish()
    return None
