"""A question to ranked chunks."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from overlay.errors import InputError
from retriever.embedder import Embedder, Vectors
from retriever.fusion import fuse, without_twins
from retriever.store import ChunkStore, RankedChunk

__all__ = ["Mode", "Retriever", "Searcher"]

_FEWEST_CANDIDATES = 50
_CANDIDATES = 4  # of each ranking, for each chunk asked for
# With a constant of 60 and equal weights, words did harm to questions as people type them, whose
# words are not the passage's. With these, they help where they can and harm on no set that was
# measured (`overlay lab retrieval`).
_CONSTANT = 10
_WEIGHTS = (1.0, 0.15)  # of the dense ranking and the lexical one


class Mode(StrEnum):
    """What ranks the chunks.

    DENSE is the cosine similarity of vectors, LEXICAL is BM25 of words; both keep near twins.
    FUSED is both rankings fused by :func:`retriever.fusion.fuse`, each text once.
    """

    DENSE = "dense"
    LEXICAL = "lexical"
    FUSED = "fused"


class Searcher(Protocol):
    """Whatever finds chunks for a question."""

    def search(self, question: str, k: int, /) -> list[RankedChunk]:
        """The ``k`` best chunks, best first; fewer if there are not that many."""


class Retriever:
    """Finds the chunks for a question.

    Args:
        store: the store to search.
        embedder: the embedder that the store was made with.
        mode: what ranks the chunks.
    """

    def __init__(self, store: ChunkStore, embedder: Embedder, mode: Mode = Mode.FUSED) -> None:
        self._store = store
        self._embedder = embedder
        self._mode = mode

    def search(self, question: str, k: int) -> list[RankedChunk]:
        """The ``k`` best chunks, best first; fewer if no more are found.

        The similarity of each is the cosine, whatever ranked it: fused or lexical, they need not
        come in its order.

        Raises:
            InputError: the question is blank, or ``k`` is less than 1.
            StoreError: nothing was ingested yet, or the store cannot be used.
            EmbedderError: the embedder does not load.
        """
        if k < 1:
            raise InputError(f"k is {k}", hint="ask for at least 1 chunk", param="k")
        if not question.strip():
            raise InputError("the question is empty", hint="ask something", param="question")
        vector = self._embedder.embed([question])[0]
        if self._mode is Mode.DENSE:
            return self._store.query(vector, k)
        if self._mode is Mode.LEXICAL:
            return self._store.similar(self._words(question, k), vector)
        found = self._fused(question, vector, max(_FEWEST_CANDIDATES, _CANDIDATES * k))
        places = without_twins((hit.text for hit in found), k)
        return [replace(found[place], rank=rank) for rank, place in enumerate(places)]

    def _words(self, question: str, k: int) -> list[str]:
        return [identity for identity, _ in self._store.lexical(question, k)]

    def _fused(self, question: str, vector: Vectors, candidates: int) -> list[RankedChunk]:
        """All candidates of either ranking in fused order."""
        dense = {hit.chunk.id: hit for hit in self._store.query(vector, candidates)}
        words = self._words(question, candidates)
        others = self._store.similar([one for one in words if one not in dense], vector)
        known = dense | {hit.chunk.id: hit for hit in others}
        fused = fuse([[*dense], words], _CONSTANT, _WEIGHTS)
        # An ingest that ends meanwhile may remove a chunk between the two.
        return [known[one] for one in fused if one in known]
