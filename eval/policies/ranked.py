"""Policies that put the passages in an order of their own, and may keep the first ones only."""

from __future__ import annotations

from collections.abc import Sequence

from eval.policies.bench import Bench
from eval.policies.filters import Filter
from overlay.labelled.items import Passage
from retriever.fusion import fuse

__all__ = ["FusedRanks", "MostSimilar"]


class MostSimilar(Filter):
    """The most similar passages, as many as asked for.

    Args:
        k: how many; all by default.
        last: whether the most similar one stands last, next to the question; first by default.
    """

    def __init__(self, bench: Bench, *, k: int | None = None, last: bool = False) -> None:
        super().__init__(bench)
        self._k = k
        self._last = last

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:
        """The best by :meth:`rank`."""
        best = self.rank(question, passages)[: self._k]
        return best[::-1] if self._last else best

    def rank(self, question: str, passages: Sequence[Passage]) -> list[int]:  # noqa: ARG002 - for others
        """All places, the most similar first; passages without a similarity keep their order."""
        return sorted(range(len(passages)), key=lambda place: -(passages[place].similarity or 0.0))


class FusedRanks(MostSimilar):
    """As :class:`MostSimilar`, by rank of similarity and of words in common, fused.

    Words are weighed by TF-IDF among the question's passages (scikit-learn), the ranks fused by
    reciprocal rank fusion, see :func:`retriever.fusion.fuse`.
    """

    def rank(self, question: str, passages: Sequence[Passage]) -> list[int]:
        """All places, the best first."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # takes half a second

        similar = super().rank(question, passages)
        if not passages:
            return similar
        weights = TfidfVectorizer().fit_transform([question, *(one.text for one in passages)])
        shared = (weights[1:] @ weights[0].T).toarray().ravel()
        lexical = sorted(range(len(passages)), key=lambda place: -float(shared[place]))
        return [int(one) for one in fuse([[str(n) for n in similar], [str(n) for n in lexical]])]
