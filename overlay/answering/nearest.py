"""The sentences of some chunks that share most with the question."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.anchor import anchors, plain_sentences
from overlay.answering.candidate import Candidate
from overlay.answering.drafts import said
from overlay.answering.job import Job

__all__ = ["holder", "nearest"]


def nearest(job: Job, chunks: Sequence[Candidate]) -> tuple[str, ...]:
    """What :func:`overlay.anchor.anchors` finds, with the steadiest chunk's draft if it has one."""
    steadiest = min(chunks, key=lambda one: one.volatility)
    texts = [one.text for one in chunks]
    return anchors(job.prompt.question, texts, said(job, steadiest.draft))


def holder(sentence: str, chunks: Sequence[Candidate]) -> Candidate:
    """The first of the chunks that says a sentence which :func:`nearest` found in them."""
    return next(one for one in chunks if sentence in plain_sentences(one.text))
