"""The numbers of one answer that a log and metrics may show: none of its words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from overlay.answer import Answer, AnswerFinished, TextAdded

__all__ = ["AnswerFacts", "AnswerWatch"]


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """One answer.

    Attributes:
        queued: seconds that it waited for others.
        first: seconds from the request to its first text; None where there was none.
        whole: seconds from the request to its end.
        tokens: of the answer.
        index: its volatility index, where it has one.
        accepted, rejected: how many chunks; one that was not needed is neither.
    """

    queued: float
    first: float | None
    whole: float
    prompt_tokens: int
    tokens: int
    outcome: str
    index: float | None
    accepted: int
    rejected: int


class AnswerWatch:
    """Times an answer from outside, by the events that pass. Called from one thread at a time.

    Args:
        told: is given the facts of each answer that comes to its end.
    """

    def __init__(self, told: Callable[[AnswerFacts], None]) -> None:
        self._told = told
        self._asked = time.monotonic()
        self._begun = self._asked
        self._first: float | None = None

    def begin(self) -> None:
        """The model turns to it."""
        self._begun = time.monotonic()

    def hear(self, event: object) -> None:
        """Take note of an event."""
        if isinstance(event, TextAdded) and self._first is None:
            self._first = time.monotonic() - self._asked
        elif isinstance(event, AnswerFinished):
            self._told(self._facts(event.answer))
            self._first = None

    def _facts(self, answer: Answer) -> AnswerFacts:
        verdicts = [step.verdict for step in answer.steps]
        return AnswerFacts(
            queued=self._begun - self._asked,
            first=self._first,
            whole=time.monotonic() - self._asked,
            prompt_tokens=answer.usage.prompt_tokens,
            tokens=answer.usage.completion_tokens,
            outcome=str(answer.outcome),
            index=answer.volatility_index,
            accepted=sum(one.accepted for one in verdicts),
            rejected=sum(not (one.accepted or one.unread) for one in verdicts),
        )
