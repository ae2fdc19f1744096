"""Stage 6: what is within budget enters the context, the first chunk, then the others at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from overlay.answering.candidate import Candidate
from overlay.answering.drafts import read_alone
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.protocol import Session
from selector.order import Order, ordered

__all__ = ["Context", "add_chunk", "inject"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the model sees now.

    Attributes:
        session: the prompt up to where the question follows.
        prompted: the same with the rest of the prompt, where the answer begins; None until that
            has been read.
        repeated: sentences of the chunks that stand behind them once more.
        later: the prompt with all its chunks and nothing repeated; None where the first dose was
            the only one.
    """

    session: Session
    prompted: Session | None = None
    repeated: tuple[str, ...] = ()
    later: Session | None = None


def inject(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], Context]:
    """Put the accepted chunks into the context, in the order that the settings name.

    Returns:
        The candidates, those that entered first, in order, or as they were where nothing was
        judged; and the context.
    """
    found = list(candidates)
    if job.settings.order is Order.BRIDGE and job.judge.reads:
        found, _ = read_alone(job, workspace, found)
    entering = _arranged(job, [one for one in found if one.accepted])
    out = [one for one in found if not one.accepted]
    if job.judge.reads:
        # What was kept out before anything was read of it comes last.
        found = [*entering, *sorted(out, key=lambda one: one.seen is None)]
    if not entering or entering[0].session is None:
        session = workspace.fork(workspace.prefix)
        for one in entering:
            session.extend(one.tokens)
        return found, Context(session)
    # What the first chunk's own session holds is the beginning of the context.
    prompted = workspace.fork(entering[0].session)
    later = None
    if rest := found[1 : len(entering)]:
        recompute = job.settings.recompute
        if workspace.crowded(found, rest):
            found, _ = read_alone(job, workspace, found)
            found = [workspace.forget(one) for one in found]
            recompute = 1.0
        prompted.rollback(len(prompted.tokens) - len(job.prompt.tail))
        for one in rest:
            add_chunk(prompted, one.tokens, one.session, len(job.prompt.prefix), recompute)
        prompted.extend(job.prompt.tail)
        later = prompted
    return found, Context(workspace.without_tail(prompted), prompted, later=later)


def add_chunk(
    session: Session, tokens: Sequence[int], alone: Session | None, place: int, recompute: float
) -> None:
    """Extend a context by a chunk that stands at ``place`` of a session of its own, too.

    Args:
        recompute: share of its tokens that is evaluated again; the others keep the cells that they
            have there.
    """
    size = len(tokens)
    fresh = math.ceil(recompute * size)
    if fresh < size and alone is not None:
        session.extend_blended(alone, place, place + size, fresh=fresh)
    else:
        session.extend(tokens)


def _arranged(job: Job, accepted: Sequence[Candidate]) -> list[Candidate]:
    """Chunks in the order in which they enter."""
    drifts = [
        one.seen.reading.logit_drift if one.seen and one.seen.reading else 0.0 for one in accepted
    ]
    order = job.settings.order if job.judge.reads else Order.RANK
    return [accepted[n] for n in ordered(order, [one.volatility for one in accepted], drifts)]
