"""Policies that choose among the passages and answer from what is left, as plain RAG does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from eval.policies.bench import Bench
from eval.policies.protocol import Response
from overlay.labelled.items import Kind, Passage

__all__ = ["Filter", "NoContext", "Oracle", "SimilarityCutoff", "TopK"]


class Filter(ABC):
    """Keeps some passages, in an order of its choice."""

    knows_kinds = False

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @abstractmethod
    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:
        """The places of the passages to keep, in the order in which the model reads them."""

    def answer(self, question: str, passages: Sequence[Passage]) -> Response:
        """Answer from the kept passages, or from memory where none is kept."""
        places = list(self.select(question, passages))
        answer = self.bench.plain(question, [passages[place] for place in places])
        # A passage that the model's context has no room for is not seen, whatever was chosen.
        seen = {
            place for place, step in zip(places, answer.steps, strict=True) if step.verdict.accepted
        }
        accepted = tuple(place in seen for place in range(len(passages)))
        return Response(answer.text, answer.outcome, accepted)


class NoContext(Filter):
    """No passage at all: what the model knows by itself."""

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:  # noqa: ARG002 - part of the protocol
        """None."""
        return ()


class TopK(Filter):
    """Every passage, in the order of retrieval: plain retrieval-augmented generation.

    Args:
        k: only the first ones; all by default.
    """

    def __init__(self, bench: Bench, *, k: int | None = None) -> None:
        super().__init__(bench)
        self._k = k

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:  # noqa: ARG002 - part of the protocol
        """The first k."""
        return range(len(passages))[: self._k]


class Oracle(Filter):
    """The helpful passages only, by their true kinds: how good a choice of passages can be."""

    knows_kinds = True

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:  # noqa: ARG002 - part of the protocol
        """The helpful ones."""
        return [place for place, p in enumerate(passages) if p.kind is Kind.HELPFUL]


class SimilarityCutoff(Filter):
    """Passages that are similar enough to the question, as many RAG servers offer it.

    Args:
        minimum: least cosine similarity. A passage without a similarity is kept.
    """

    def __init__(self, bench: Bench, *, minimum: float = 0.4) -> None:
        super().__init__(bench)
        self._minimum = minimum

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:  # noqa: ARG002 - part of the protocol
        """Those at or above the minimum."""
        return [
            place
            for place, p in enumerate(passages)
            if p.similarity is None or p.similarity >= self._minimum
        ]
