"""One search with several queries for the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retriever.fusion import fuse, without_twins
from retriever.search import Searcher
from retriever.store import RankedChunk

__all__ = ["search_several"]

_FEWEST_CANDIDATES = 50
_CANDIDATES = 4  # of each query's ranking, for each chunk asked for
# As for words beside vectors: what one query alone finds first must not be lost.
_CONSTANT = 10


def search_several(searcher: Searcher, queries: Sequence[str], k: int) -> list[RankedChunk]:
    """The ``k`` best chunks for several queries, best first, each text once.

    Their rankings count alike, see :func:`retriever.fusion.fuse`. The similarity of a chunk is
    its highest with a query that finds it. One query is an ordinary search.

    Args:
        queries: at least one.

    Raises:
        InputError, StoreError, EmbedderError: as :meth:`retriever.search.Retriever.search`.
    """
    if len(queries) == 1:
        return searcher.search(queries[0], k)
    depth = max(_FEWEST_CANDIDATES, _CANDIDATES * k)
    rankings = [searcher.search(query, depth) for query in queries]
    known: dict[str, RankedChunk] = {}
    for hit in (hit for ranking in rankings for hit in ranking):
        held = known.get(hit.chunk.id)
        if held is None or hit.similarity > held.similarity:
            known[hit.chunk.id] = hit
    fused = fuse([[hit.chunk.id for hit in ranking] for ranking in rankings], _CONSTANT)
    places = without_twins((known[one].text for one in fused), k)
    return [replace(known[fused[place]], rank=rank) for rank, place in enumerate(places)]
