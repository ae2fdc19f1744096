"""A question to ranked chunks."""

from __future__ import annotations

from typing import Protocol

from overlay.errors import InputError
from retriever.embedder import Embedder
from retriever.store import ChunkStore, RankedChunk

__all__ = ["Retriever", "Searcher"]


class Searcher(Protocol):
    """Whatever finds chunks for a question."""

    def search(self, question: str, k: int, /) -> list[RankedChunk]:
        """The ``k`` best chunks, best first; fewer if there are not that many."""


class Retriever:
    """Finds the chunks most similar to a question. Near-duplicates are all kept.

    Args:
        store: the store to search.
        embedder: the embedder that the store was made with.
    """

    def __init__(self, store: ChunkStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder

    def search(self, question: str, k: int) -> list[RankedChunk]:
        """The ``k`` most similar chunks, most similar first; fewer if the store holds fewer.

        Raises:
            InputError: the question is blank, or ``k`` is less than 1.
            StoreError: nothing was ingested yet, or the store cannot be used.
            EmbedderError: the embedder does not load.
        """
        if k < 1:
            raise InputError(f"k is {k}", hint="ask for at least 1 chunk", param="k")
        if not question.strip():
            raise InputError("the question is empty", hint="ask something", param="question")
        return self._store.query(self._embedder.embed([question])[0], k)
