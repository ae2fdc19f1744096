"""Chunks and documents as rows of Chroma, and as it gives them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from retriever.chunking import Chunk
from retriever.documents import Document

__all__ = ["RankedChunk", "StoredDocument", "chunk_of", "document_of", "metadata_of", "taken"]


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


def taken(hits: Sequence[RankedChunk], places: Iterable[int]) -> list[RankedChunk]:
    """The chunks at some places, ranked anew in that order."""
    return [replace(hits[place], rank=rank) for rank, place in enumerate(places)]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the store knows of a document.

    Attributes:
        source: what it is called, see :mod:`retriever.naming`.
        title: the title of its first chunk.
        sha256: hash of the file that was ingested.
        recipe: how it was chunked and embedded.
        chunks: how many chunks it has.
        date: ISO 8601, ``YYYY-MM-DD``; empty where it gives none.
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
    date: str = ""


def metadata_of(document: Document, chunk: Chunk, chunks: int, recipe: str) -> dict[str, str | int]:
    """What is kept beside a chunk's text and vector: ``chunks`` is how many its document has."""
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


def chunk_of(identity: str, text: str, metadata: Mapping[str, Any]) -> Chunk:
    """A chunk as it was put in."""
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


def document_of(metadata: Mapping[str, Any]) -> StoredDocument:
    """A document, from the metadata of any of its chunks."""
    known = (field.name for field in fields(StoredDocument))
    return StoredDocument(**{name: metadata[name] for name in known if name in metadata})
