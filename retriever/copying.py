"""Chunks of one generation embedded again into another, which is being written."""

from __future__ import annotations

from collections.abc import Container
from itertools import islice
from pathlib import Path

from retriever.chroma import Connection, chroma_errors
from retriever.embedded_text import embedded_text
from retriever.embedder import Embedder
from retriever.rows import chunk_of
from retriever.segments import without_vectors

__all__ = ["copy_rows"]

_PAGE = 256


def copy_rows(
    source: Path, target: Connection, embedder: Embedder, only: Container[str] | None = None
) -> set[str]:
    """Embed the chunks of another generation into one that is being made.

    Args:
        only: sources that are taken; None for all.

    Returns:
        The sources that were found.
    """
    found: set[str] = set()
    with without_vectors(source) as readable:
        connection = Connection(readable, embedder, create=False)
        try:
            with chroma_errors(source):
                ids = iter(connection.collection.get(include=[])["ids"])
                while page := list(islice(ids, _PAGE)):
                    rows = connection.collection.get(ids=page, include=["documents", "metadatas"])
                    texts, metadatas = rows["documents"] or [], rows["metadatas"] or []
                    taken = [
                        (identity, text, metadata)
                        for identity, text, metadata in zip(
                            rows["ids"], texts, metadatas, strict=True
                        )
                        if only is None or metadata["source"] in only
                    ]
                    if not taken:
                        continue
                    chunks = [chunk_of(*row) for row in taken]
                    target.collection.upsert(
                        ids=[identity for identity, _, _ in taken],
                        documents=[text for _, text, _ in taken],
                        metadatas=[metadata for _, _, metadata in taken],
                        embeddings=embedder.embed([embedded_text(chunk) for chunk in chunks]),
                    )
                    found |= {chunk.source for chunk in chunks}
        finally:
            connection.close()
    return found
