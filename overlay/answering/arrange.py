"""Stage 7: in which order the accepted chunks enter the context."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answering.candidate import Candidate
from overlay.answering.drafts import draft_of
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from selector.order import ordered

__all__ = ["arrange"]


def arrange(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Put the accepted chunks first, in the order in which they enter.

    Where sentences are to be said again, the steadiest one is drafted from.

    Returns:
        The trajectory: those that were kept out for want of room before anything was read come
        last. Where nothing was judged, all stay in the order of retrieval.
    """
    found = list(candidates)
    if not job.judge.reads:
        return found
    accepted = [one for one in found if one.accepted]
    similarities = [one.chunk.similarity for one in accepted]
    volatilities = [one.volatility for one in accepted]
    entering = [accepted[n] for n in ordered(job.order, similarities, volatilities)]
    out = [one for one in found if not one.accepted]
    found = [*entering, *sorted(out, key=lambda one: one.seen is None)]
    if job.settings.anchor and entering:
        place = found.index(accepted[volatilities.index(min(volatilities))])
        [alone] = workspace.stand_alone([found[place]])
        found[place] = draft_of(job, alone)
        job.book("anchor")
    return found
