"""What is wrong with a collection's files, found without loading a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from retriever.chroma import Connection, all_documents, chroma_errors
from retriever.embedder import Embedder
from retriever.errors import EmbedderMismatchError, StoreError
from retriever.generations import Generations, generation_folders
from retriever.lexical import LexicalIndex
from retriever.open_generation import copied, is_writable
from retriever.record import recorded
from retriever.rows import StoredDocument
from retriever.segments import check_sizes, without_vectors

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

__all__ = ["Examined", "examine"]

_PAGE = 1000
_MOST_VECTORS = 20_000  # that are read one by one; of more, those at either end


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    Attributes:
        generation: the published one; None where nothing was published.
        chunks: how many Chroma holds.
        documents: by Chroma, or by the record where Chroma cannot be read.
        pointer: what is wrong with the name of the published generation.
        database, vectors, words, record: what is wrong with Chroma's database, its index of
            vectors, the index of words, and the record of documents; empty where nothing is.
        mismatch: the embedder is another than the one it was made with.
        others: generations beside the published one and the one before it, which a killed ingest
            left.
    """

    generation: Path | None = None
    chunks: int = 0
    documents: tuple[StoredDocument, ...] = ()
    pointer: str = ""
    database: str = ""
    vectors: str = ""
    words: str = ""
    record: str = ""
    mismatch: str = ""
    others: tuple[Path, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is to be mended but leftovers."""
        return not (self.pointer or self.database or self.vectors or self.words or self.record)


def examine(folder: Path, embedder: Embedder) -> Examined:
    """Look at a collection; nothing is changed, and no weights are loaded.

    Args:
        folder: the collection's.
        embedder: the one that it is used with.
    """
    try:
        generation = Generations(folder).current()
    except StoreError as error:
        return Examined(pointer=error.message)
    others = tuple(_left(folder, generation))
    if generation is None:
        return Examined(others=others)
    if is_writable(generation):
        return _opened(generation, embedder, others)
    with TemporaryDirectory(prefix="overlay-store-") as scratch:
        try:
            copy = copied(generation, Path(scratch))
        except StoreError as error:
            return _without_database(generation, others, error)
        return replace(_opened(copy, embedder, others), generation=generation)


def _opened(generation: Path, embedder: Embedder, others: tuple[Path, ...]) -> Examined:
    """What is found where Chroma opens the generation, or what is told where it does not."""
    try:
        check_sizes(generation)
    except StoreError as error:
        return _without_vectors(generation, embedder, error, others)
    try:
        connection = Connection(generation, embedder, create=False)
    except EmbedderMismatchError as error:
        return Examined(generation, mismatch=str(error), others=others)
    except StoreError as error:
        return _without_database(generation, others, error)
    try:
        with chroma_errors(generation):
            collection = connection.collection
            ids = _ids(collection)
            documents = all_documents(collection)
        vectors = _vectors(collection, len(ids))
    except StoreError as error:
        return _without_database(generation, others, error)
    finally:
        connection.close()
    return Examined(
        generation,
        len(ids),
        tuple(documents),
        vectors=vectors,
        words=_words(generation, ids),
        record=_record(generation, documents),
        others=others,
    )


def _without_vectors(
    generation: Path, embedder: Embedder, error: StoreError, others: tuple[Path, ...]
) -> Examined:
    """Of one whose vectors must not be touched, but whose texts may be there."""
    try:
        with without_vectors(generation) as readable:
            connection = Connection(readable, embedder, create=False)
            try:
                with chroma_errors(generation):
                    ids = _ids(connection.collection)
                    documents = tuple(all_documents(connection.collection))
            finally:
                connection.close()
    except EmbedderMismatchError as mismatch:
        return Examined(generation, mismatch=str(mismatch), others=others)
    except StoreError as damaged:
        return _without_database(generation, others, damaged)
    return Examined(generation, len(ids), documents, vectors=error.message, others=others)


def _without_database(generation: Path, others: tuple[Path, ...], error: StoreError) -> Examined:
    documents, record = [], ""
    try:
        documents = recorded(generation) or []
    except StoreError as damaged:
        record = damaged.message
    return Examined(
        generation, documents=tuple(documents), database=error.message, record=record, others=others
    )


def _ids(collection: Collection) -> set[str]:
    ids: set[str] = set()
    for offset in count(step=_PAGE):
        found = collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
        ids.update(found)
        if len(found) < _PAGE:
            return ids
    return ids


def _vectors(collection: Collection, chunks: int) -> str:
    """What is wrong with the index of vectors."""
    pages = range(0, chunks, _PAGE)
    if chunks > _MOST_VECTORS:
        pages = range(0, chunks, max(_PAGE, chunks - _PAGE))
    included: Any = ["embeddings"]
    try:
        with chroma_errors(Path()):
            for offset in pages:
                found = collection.get(limit=_PAGE, offset=offset, include=included)
                vectors = found["embeddings"]
                if vectors is None or len(vectors) < len(found["ids"]):
                    return f"the index of vectors lacks some of {chunks} chunks"
            if chunks:
                vector = collection.get(limit=1, include=included)["embeddings"]
                assert vector is not None  # noqa: S101 - it was asked for
                nearest = collection.query(query_embeddings=vector[0], n_results=min(chunks, 10))
                if len(nearest["ids"][0]) < min(chunks, 10):
                    return "the index of vectors finds less than it holds"
    except StoreError as error:
        return f"the index of vectors cannot be read: {error.message.partition(': ')[2]}"
    return ""


def _words(generation: Path, ids: set[str]) -> str:
    """What is wrong with the index of words."""
    try:
        words = LexicalIndex.read(generation)
        if words is None:
            return "the index of words is missing"
        try:
            held = words.ids()
            words.query("doctor", 1)
        finally:
            words.close()
    except StoreError as error:
        return error.message
    return _differs("the index of words", held, ids, "chunks")


def _record(generation: Path, documents: list[StoredDocument]) -> str:
    """What is wrong with the record."""
    try:
        held = recorded(generation)
    except StoreError as error:
        return error.message
    if held is None:
        return "the record of documents is missing"
    wanted = {(one.source, one.sha256) for one in documents}
    return _differs(
        "the record of documents", {(one.source, one.sha256) for one in held}, wanted, "documents"
    )


def _differs(what: str, held: set[Any], wanted: set[Any], things: str) -> str:
    lacks, more = len(wanted - held), len(held - wanted)
    if not lacks and not more:
        return ""
    return f"{what} is out of step: it lacks {lacks} {things}, and holds {more} that are gone"


def _left(folder: Path, current: Path | None) -> list[Path]:
    """Generations that a killed ingest left: newer than the published one, or long past."""
    found = generation_folders(folder)
    if current is None:
        return found
    before = [path for path in found if path.name < current.name]
    return [path for path in found if path not in (current, *before[-1:])]
