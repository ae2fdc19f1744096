"""Stage 5: which chunks are let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from selector.order import Order, ordered
from selector.verdict import does_not_fit
from selector.weights import Readings

__all__ = ["judge"]

_HALVED = "a part of it, without what instructs the model"


def judge(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Judge every chunk, the steadiest first, as long as budget and room last.

    Chunks go by rank where the settings' order says so, or the judge weighs nothing.
    """
    judged = _rated(job, candidates)
    by_rank = job.order is Order.RANK or not job.judge.reads
    order = Order.RANK if by_rank else Order.BEST_FIRST
    volatilities = [one.volatility for one in judged]
    left, spent = workspace.room, 0.0
    for place in ordered(order, [0.0] * len(judged), volatilities):
        one = judged[place]
        if job.judge.reads and one.seen is None:
            continue  # it is judged already
        needed = len(one.tokens)
        verdict = job.judge.verdict(one.rated, spent)
        if verdict.accepted and needed > left:
            verdict = does_not_fit(needed, left)
        elif verdict.accepted:
            left, spent = left - needed, spent + verdict.spent
        if one.halved:
            short = f"a part, {verdict.spent:.2f}" if verdict.accepted else verdict.short
            verdict = replace(verdict, short=short, reason=f"{_HALVED}: {verdict.reason}")
        judged[place] = replace(one, verdict=verdict)
    return judged


def _rated(job: Job, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Rate every chunk that was read; all of them count in what is typical of the question."""
    found = list(candidates)
    places = [place for place, one in enumerate(found) if one.seen is not None]
    seen = [one.seen for one in found if one.seen is not None]
    if not seen:
        return found
    ratings = job.judge.rate(
        [
            Readings(found[place].chunk.similarity, one.attention, one.state)
            for place, one in zip(places, seen, strict=True)
        ]
    )
    for place, rating in zip(places, ratings, strict=True):
        found[place] = found[place].with_seen(rated=rating)
    return found
