"""Several rankings made one, and the near twins in it passed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from retriever.lexical_tokens import lexical_tokens
from retriever.rows import RankedChunk, taken

__all__ = ["fuse", "fuse_hits", "without_twins"]

_CONSTANT = 60
_ALIKE = 0.9
_MOST_MORE = 3  # words; a copy with an instruction added must not stand for the passage itself


def fuse(
    rankings: Sequence[Sequence[str]],
    constant: float = _CONSTANT,
    weights: Sequence[float] | None = None,
) -> list[str]:
    """Everything that is ranked anywhere, best first, by reciprocal rank fusion.

    Formula: ``score(d) = sum over rankings of weight / (constant + rank of d)``, ranks from 1; a
        ranking without d adds nothing. Equal scores: what the first ranking has comes first, in
        its order, then what the second adds, and so on
    Source: Cormack, Clarke & Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual
        Rank Learning Methods, SIGIR 2009, where the constant is 60 and every weight 1

    Args:
        rankings: ids, best first; of an id that stands in one twice, the first place counts.
        constant: above -1; the smaller, the more the first places count.
        weights: one for each ranking, 0 or more; all 1 where none are given.
    """
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, identity in enumerate(dict.fromkeys(ranking), start=1):
            scores[identity] = scores.get(identity, 0.0) + weight / (constant + rank)
    return sorted(scores, key=lambda identity: -scores[identity])


def fuse_hits(
    rankings: Sequence[Sequence[RankedChunk]], k: int, constant: float
) -> list[RankedChunk]:
    """The ``k`` best of several rankings of chunks, all counting alike, without near twins.

    The similarity of a chunk is the highest that it has in any of them.

    Args:
        constant: see :func:`fuse`.
    """
    known: dict[str, RankedChunk] = {}
    for hit in (hit for ranking in rankings for hit in ranking):
        held = known.get(hit.chunk.id)
        if held is None or hit.similarity > held.similarity:
            known[hit.chunk.id] = hit
    order = fuse([[hit.chunk.id for hit in ranking] for ranking in rankings], constant)
    fused = [known[one] for one in order]
    return taken(fused, without_twins((hit.text for hit in fused), k))


def without_twins(texts: Iterable[str], most: int, alike: float = _ALIKE) -> list[int]:
    """Places of the first ``most`` texts, leaving out near twins that add nothing to one taken.

    A text is left out where its words (``lexical_tokens``) stand in one sequence in a text taken
    before, which has at most three words more, and the Jaccard similarity of the two sets of words
    is at least ``alike``; or where it is the same but for case and white space. A likeness alone is
    not enough: passages that differ in one name or number contradict each other, and both must be
    seen.

    No text is read beyond those that it takes.

    Args:
        alike: from 0 to 1.
    """
    taken: list[int] = []
    seen: list[_Text] = []
    for place, text in enumerate(texts):
        if len(taken) >= most:
            break
        read = _read(text)
        if not any(_adds_nothing(read, held, alike) for held in seen):
            taken.append(place)
            seen.append(read)
    return taken


class _Text(NamedTuple):
    folded: str
    sequence: str
    words: frozenset[str]


def _read(text: str) -> _Text:
    tokens = lexical_tokens(text)
    return _Text(" ".join(text.casefold().split()), f" {' '.join(tokens)} ", frozenset(tokens))


def _adds_nothing(text: _Text, held: _Text, alike: float) -> bool:
    if text.folded == held.folded:
        return True
    shared = len(text.words & held.words)
    near = shared > 0 and shared >= alike * len(text.words | held.words)
    more = held.sequence.count(" ") - text.sequence.count(" ")
    return near and more <= _MOST_MORE and text.sequence in held.sequence
