"""One search with several queries for the same thing."""

from __future__ import annotations

from collections.abc import Sequence

from retriever.fusion import fuse_hits
from retriever.rows import RankedChunk
from retriever.search import CONSTANT, Retriever, Searcher, candidates

__all__ = ["search_several"]


def search_several(searcher: Searcher, queries: Sequence[str], k: int) -> list[RankedChunk]:
    """The ``k`` best chunks for several queries, best first, each text once.

    Their rankings count alike, see :func:`retriever.fusion.fuse_hits`. One query is an ordinary
    search.

    Args:
        queries: at least one.

    Raises:
        InputError, StoreError, EmbedderError, RerankerError: as
            :meth:`retriever.search.Retriever.search`.
    """
    if isinstance(searcher, Retriever):
        return searcher.search_all(queries, k)
    if len(queries) == 1:
        return searcher.search(queries[0], k)
    return fuse_hits([searcher.search(query, candidates(k)) for query in queries], k, CONSTANT)
