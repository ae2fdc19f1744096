"""The protocol behind which every policy stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from overlay.answer import Outcome
from overlay.labelled.items import Passage
from selector.signs import Signs

__all__ = ["Policy", "Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """What a policy made of one question and its passages.

    Attributes:
        outcome: answered from passages, answered without, or abstained.
        accepted: for each passage, whether the answer could see it.
        volatility: how likely the policy takes its answer to be wrong, from 0 to 1; None where a
            policy says nothing of that.
        signs: what that was told by; None where a policy reads none.
    """

    text: str
    outcome: Outcome
    accepted: tuple[bool, ...]
    volatility: float | None = None
    signs: Signs | None = None


class Policy(Protocol):
    """A way to answer a question from passages of unknown worth.

    Attributes:
        knows_kinds: whether the passages come with their true kinds. For oracles only: everyone
            else gets :attr:`overlay.labelled.items.Kind.UNKNOWN`.
    """

    knows_kinds: bool

    def answer(self, question: str, passages: Sequence[Passage]) -> Response:
        """Answer the question; the passages come in the order of retrieval."""
