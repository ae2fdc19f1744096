"""Stage 4: which chunks are let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from selector.order import Order, ordered
from selector.verdict import does_not_fit

__all__ = ["judge", "rated"]

_HALVED = "a part of it, without what turns the model as instructions do"


def judge(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Judge every chunk, the steadiest first, as long as budget and room last.

    Chunks go by rank where the settings' order says so, or the judge weighs nothing.
    """
    judged = rated(job, candidates)
    by_rank = job.settings.order is Order.RANK or not job.judge.reads
    order = Order.RANK if by_rank else Order.BEST_FIRST
    volatilities = [one.volatility for one in judged]
    left, spent = workspace.room, 0.0
    for place in ordered(order, volatilities, [0.0] * len(judged)):
        one = judged[place]
        if job.judge.reads and one.seen is None:
            continue  # for want of room it was not read
        needed = len(one.tokens)
        gain = None if one.seen is None else one.seen.question_gain
        verdict = job.judge.verdict(one.rated, gain, spent)
        if verdict.accepted and needed > left:
            verdict = does_not_fit(needed, left)
        elif verdict.accepted:
            left, spent = left - needed, spent + verdict.spent
        if one.halved:
            short = f"a part, {verdict.spent:.2f}" if verdict.accepted else verdict.short
            verdict = replace(verdict, short=short, reason=f"{_HALVED}: {verdict.reason}")
        judged[place] = replace(one, verdict=verdict)
    return judged


def rated(job: Job, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Rate every chunk that was read; all of them count in what is typical of the question."""
    found = list(candidates)
    places = [place for place, one in enumerate(found) if one.seen is not None]
    seen = [one.seen for one in found if one.seen is not None]
    if not seen:
        return found
    deltas = [one.state_delta for one in seen if one.state_delta is not None]
    ratings = job.judge.rate(
        [one.question_gain for one in seen],
        np.stack(deltas) if deltas else None,
        [found[place].chunk.similarity for place in places],
        [one.attention for one in seen],
    )
    for place, rating in zip(places, ratings, strict=True):
        found[place] = found[place].with_seen(rated=rating)
    return found
