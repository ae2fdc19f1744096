"""Stage 7: in which order the accepted chunks enter the context."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answering.candidate import Candidate
from overlay.answering.drafts import draft_of, read_alone
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from selector.order import Order, ordered

__all__ = ["arrange"]


def arrange(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Put the accepted chunks first, in the order in which they enter, and make ready what they
    need.

    Where the cache is too small for their sessions beside the growing context, they are read alone
    now, and their sessions closed. Where sentences are to be said again, the steadiest one is
    drafted from.

    Returns:
        The trajectory: those that were kept out for want of room before anything was read come
        last. Where nothing was judged, all stay in the order of retrieval.
    """
    found = list(candidates)
    if not job.judge.reads:
        return found
    if job.settings.order is Order.BRIDGE:
        found, _ = read_alone(job, workspace, found)
    accepted = [one for one in found if one.accepted]
    drifts = [0.0 if one.reading is None else one.reading.logit_drift for one in accepted]
    volatilities = [one.volatility for one in accepted]
    entering = [accepted[n] for n in ordered(job.settings.order, volatilities, drifts)]
    out = [one for one in found if not one.accepted]
    found = [*entering, *sorted(out, key=lambda one: one.seen is None)]
    if workspace.crowded(found, entering[1:]):
        found, _ = read_alone(job, workspace, found)
        job.book("probe")
        return [workspace.forget(one) for one in found]
    if job.settings.anchor and entering:
        steadiest = volatilities.index(min(volatilities))
        place = found.index(accepted[steadiest])
        found[place] = draft_of(job, found[place])
        job.book("anchor")
    return found
