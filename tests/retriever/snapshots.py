"""All that a store holds, read from Chroma itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings

from retriever.generations import Generations
from retriever.lexical import LexicalIndex
from retriever.record import recorded
from retriever.rows import document_of

Snapshot = dict[str, tuple[str, dict[str, Any], tuple[float, ...]]]


def snapshot(store: Path) -> Snapshot:
    """Text, metadata and vector of each chunk in the published generation, by chunk id.

    The index of words must hold the same chunks, and the record their documents.
    """
    generation = Generations(store).current()
    assert generation is not None
    settings = Settings(anonymized_telemetry=False)
    with cast("Client", chromadb.PersistentClient(str(generation), settings=settings)) as client:
        (collection,) = client.list_collections()
        held = collection.get(include=["documents", "metadatas", "embeddings"])
    words = LexicalIndex.read(generation)
    assert words is not None
    assert words.ids() == set(held["ids"])
    words.close()
    assert held["documents"] is not None
    assert held["metadatas"] is not None
    assert held["embeddings"] is not None
    documents = [document_of(row) for row in held["metadatas"] if row["position"] == 0]
    assert recorded(generation) == sorted(documents, key=lambda one: one.source)
    vectors = [tuple(np.round(vector, 5).tolist()) for vector in held["embeddings"]]
    rows = zip(held["ids"], held["documents"], held["metadatas"], vectors, strict=True)
    return {identity: (text, dict(metadata), vector) for identity, text, metadata, vector in rows}
