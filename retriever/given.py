"""Passages that the caller has, in place of a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retriever.chunking import Chunk
from retriever.embedded_text import embedded_text
from retriever.embedder import Embedder
from retriever.rows import RankedChunk

__all__ = ["GivenChunks"]


@dataclass(frozen=True, slots=True)
class GivenChunks:
    """Stands where the retriever does: whatever is asked, it finds these chunks, in their order.

    Their similarities are measured.
    """

    chunks: Sequence[Chunk]
    embedder: Embedder

    def search(self, question: str, k: int, /) -> list[RankedChunk]:
        """The first ``k`` chunks.

        Raises:
            EmbedderError: the embedder does not load.
        """
        chunks = self.chunks[:k]
        vectors = self.embedder.embed([embedded_text(chunk) for chunk in chunks])
        [asked] = self.embedder.embed_questions([question])
        read = self.embedder.scale.read
        return [
            RankedChunk(chunk, read(float(vector @ asked)), rank)
            for rank, (chunk, vector) in enumerate(zip(chunks, vectors, strict=True))
        ]
