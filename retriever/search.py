"""A question to ranked chunks."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from overlay.errors import InputError
from retriever.embedder import Embedder, Vectors
from retriever.filter import EVERYTHING, Filter
from retriever.fusion import fuse, fuse_hits, without_twins
from retriever.reranker import Reranker
from retriever.rows import RankedChunk, taken
from retriever.store import ChunkStore
from retriever.window import NO_WINDOW, Window, joined, places_beside

__all__ = ["CONSTANT", "Mode", "Retriever", "Searcher", "candidates"]

_FEWEST_CANDIDATES = 50
_CANDIDATES = 4  # of each ranking, for each chunk asked for
_RERANKED = 4  # chunks that a reranker reads, for each chunk asked for
# With a constant of 60 and equal weights, words did harm to questions as people type them, whose
# words are not the passage's. With these, they help where they can and harm on no set that was
# measured (`overlay lab retrieval`).
CONSTANT = 10
"""Of fused rankings, see :func:`retriever.fusion.fuse`."""
_WEIGHTS = (1.0, 0.15)  # of the dense ranking and the lexical one


def candidates(k: int) -> int:
    """How many of each ranking are fused, so that ``k`` remain."""
    return max(_FEWEST_CANDIDATES, _CANDIDATES * k)


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


class _Asked(NamedTuple):
    question: str
    vector: Vectors
    among: list[str] | None


class Retriever:
    """Finds the chunks for a question.

    Args:
        store: the store to search.
        embedder: the embedder that the store was made with.
        mode: what ranks the chunks.
        only: which documents are searched.
        window: how much of the document around a chunk comes with it.
        reranker: puts the best four times ``k`` in order, before ``k`` are taken; None for none.
    """

    def __init__(
        self,
        store: ChunkStore,
        embedder: Embedder,
        mode: Mode = Mode.FUSED,
        *,
        only: Filter = EVERYTHING,
        window: Window = NO_WINDOW,
        reranker: Reranker | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._mode = mode
        self._only = only
        self._window = window
        self._reranker = reranker

    def narrowed(self, only: Filter, window: int | None = None) -> Retriever:
        """One that searches other documents of the same store.

        Args:
            window: chunks on either side that come with one that is found; None for as many as
                before.
        """
        other = copy(self)
        other._only = only
        if window is not None:
            other._window = replace(self._window, chunks=window)
        return other

    def search(self, question: str, k: int) -> list[RankedChunk]:
        """The ``k`` best chunks for a question; see :meth:`search_all`."""
        return self.search_all([question], k)

    def search_all(self, queries: Sequence[str], k: int) -> list[RankedChunk]:
        """The ``k`` best chunks for all queries, best first; fewer if no more are found.

        The rankings of several queries are fused. A reranker reads the first query.

        The similarity of each is the cosine, whatever ranked it, on the embedder's scale
        (``Embedder.scale``): fused or lexical, they need not come in its order. It is that of the
        chunk without the window around it.

        Raises:
            InputError: a query is blank, ``k`` is less than 1, or a source that the filter
                names fits no document.
            StoreError: nothing was ingested yet, or the store cannot be used.
            EmbedderError, RerankerError: the embedder or the reranker does not load.
        """
        if k < 1:
            raise InputError(f"k is {k}", hint="ask for at least 1 chunk", param="k")
        if not all(query.strip() for query in queries):
            raise InputError("the question is empty", hint="ask something", param="question")
        scale = self._embedder.scale
        found = self._reranked(queries, k) if self._reranker else self._found(queries, k)
        return self._joined([replace(hit, similarity=scale.read(hit.similarity)) for hit in found])

    def _reranked(self, queries: Sequence[str], k: int) -> list[RankedChunk]:
        assert self._reranker is not None  # noqa: S101 - tells mypy what the caller knows
        found = self._found(queries, _RERANKED * k)
        ratings = self._reranker.rate(queries[0], [hit.text for hit in found])
        # Of equal ratings the better rank comes first.
        order = sorted(range(len(found)), key=lambda place: -ratings[place])[:k]
        return taken(found, order)

    def _found(self, queries: Sequence[str], k: int) -> list[RankedChunk]:
        """The best for all queries, with the plain cosine."""
        if len(queries) == 1:
            return self._ranked(queries[0], k)
        return fuse_hits([self._ranked(query, candidates(k)) for query in queries], k, CONSTANT)

    def _ranked(self, question: str, k: int) -> list[RankedChunk]:
        """The best for one query, likewise."""
        among = self._among()
        if among is not None and not among:
            return []
        asked = _Asked(question, self._embedder.embed_questions([question])[0], among)
        if self._mode is Mode.DENSE:
            return self._dense(asked, k)
        if self._mode is Mode.LEXICAL:
            return self._store.similar(self._words(asked, k), asked.vector)
        found = self._fused(asked, candidates(k))
        return taken(found, without_twins((hit.text for hit in found), k))

    def _joined(self, found: list[RankedChunk]) -> list[RankedChunk]:
        if not self._window.chunks:
            return found
        beside = self._store.at(places_beside(found, self._window))
        places = {(chunk.source, chunk.position): chunk for chunk in beside}
        return joined(found, places, self._window, self._embedder.count_tokens)

    def _among(self) -> list[str] | None:
        """Sources of the documents that are searched; None for all, and where there are none."""
        if self._only.is_open:
            return None
        held = self._store.documents()
        return self._only.chosen(held.values()) if held else None

    def _dense(self, asked: _Asked, k: int) -> list[RankedChunk]:
        return self._store.query(asked.vector, k, asked.among)

    def _words(self, asked: _Asked, k: int) -> list[str]:
        return [identity for identity, _ in self._store.lexical(asked.question, k, asked.among)]

    def _fused(self, asked: _Asked, most: int) -> list[RankedChunk]:
        """All candidates of either ranking in fused order."""
        dense = {hit.chunk.id: hit for hit in self._dense(asked, most)}
        words = self._words(asked, most)
        others = self._store.similar([one for one in words if one not in dense], asked.vector)
        known = dense | {hit.chunk.id: hit for hit in others}
        fused = fuse([[*dense], words], CONSTANT, _WEIGHTS)
        # An ingest that ends meanwhile may remove a chunk between the two.
        return [known[one] for one in fused if one in known]
