"""What is noted of an answer that passes."""

from __future__ import annotations

from dataclasses import replace

from overlay.answer import AnswerFinished, TextAdded
from overlay.options import AskOptions
from selector.verdict import Verdict, not_needed
from server.doors.answers import AnswerFacts, AnswerWatch
from tests.server.fakes import STEP, _answer


def test_a_chunk_that_was_not_needed_is_neither_accepted_nor_rejected() -> None:
    verdicts = (Verdict(True, "spends 0.10", "."), Verdict(False, "no", "."), not_needed(2))
    steps = tuple(replace(STEP, verdict=verdict) for verdict in verdicts)
    told: list[AnswerFacts] = []
    watch = AnswerWatch(told.append)
    watch.begin()
    watch.hear(TextAdded("Six."))
    watch.hear(AnswerFinished(replace(_answer(AskOptions()), steps=steps)))
    [facts] = told
    assert (facts.accepted, facts.rejected) == (1, 1)
    assert facts.first is not None
    assert facts.first <= facts.whole
