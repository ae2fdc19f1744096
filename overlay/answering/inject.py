"""Stage 9: the chunks of a variant enter the context in doses, and what each dose moves is read.

The first dose is the first chunk, which was read alone. The others enter together: what is steady
alone mostly is in company. At the end of every dose the question is read anyway, so the same
readings as of a chunk are taken of the growing context there, and rated like one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from overlay.anchor import anchors
from overlay.answer import Dose
from overlay.answering.candidate import Candidate, Seen, part_of
from overlay.answering.job import Job
from overlay.answering.judge import rated
from overlay.answering.read import seen_in
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from overlay.sentences import halves
from probes.attention import pooled
from probes.protocol import Session

__all__ = ["Context", "add_chunk", "grown", "inject"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the model sees now.

    Attributes:
        variant: with the chunks that are in the context.
        session: the prompt up to where the question follows.
        prompted: the prompt with the question, before anything is said again; None where nothing
            is judged, and nothing needs to be read there.
        doses: that were tried, in order.
        repeated: sentences of the chunks that stand behind them once more.
    """

    variant: Variant
    session: Session
    prompted: Session | None = None
    doses: tuple[Dose, ...] = ()
    repeated: tuple[str, ...] = ()


def inject(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate], variant: Variant
) -> Context:
    """Put the chunks of a variant into the context.

    Where the settings say so, a dose after which the context is over budget is rolled back, halved
    and tried once more; what is over budget then, too, stays out.

    Args:
        candidates: all chunks of the question, beside which the context is rated.
    """
    chunks = variant.chunks
    if not job.judge.reads or len(chunks) < 2 or variant.tail != job.prompt.tail:
        return _unread(job, workspace, variant)
    first, rest = chunks[:1], chunks[1:]
    doses = [_dose(first, chunks[0].seen, chunks[0].volatility, accepted=True)]
    prompted, dose = _dosed(job, workspace, candidates, first, rest)
    doses.append(dose)
    if not dose.accepted:
        workspace.close(prompted)
        rest = _halved(job, rest)
        prompted, dose = _dosed(job, workspace, candidates, first, rest)
        doses.append(dose)
    if not dose.accepted:
        workspace.close(prompted)
        alone = _unread(job, workspace, replace(variant, chunks=first))
        return replace(alone, doses=tuple(doses))
    session = workspace.fork(prompted)
    session.rollback(len(prompted.tokens) - len(variant.tail))
    inside = (*first, *rest)
    workspace.grew(inside, session)
    return Context(replace(variant, chunks=inside), session, prompted, tuple(doses))


def _unread(job: Job, workspace: Workspace, variant: Variant) -> Context:
    """All chunks at once, without a reading of what they do together."""
    chunks, tail = variant.chunks, variant.tail
    session = grown(job, workspace, chunks)
    doses: tuple[Dose, ...] = ()
    if not job.judge.reads:
        return Context(variant, session)
    if len(chunks) == 1:
        doses = (_dose(chunks, chunks[0].seen, chunks[0].volatility, accepted=True),)
    if len(chunks) == 1 and chunks[0].session is not None and tail == job.prompt.tail:
        # The chunk was read behind the same prefix and before the same question.
        prompted = workspace.fork(chunks[0].session)
    else:
        prompted = session
        prompted.extend(tail)
        session = workspace.fork(prompted)
        session.rollback(len(prompted.tokens) - len(tail))
    workspace.grew(chunks, session)
    return Context(variant, session, prompted, doses)


def _dosed(
    job: Job,
    workspace: Workspace,
    candidates: Sequence[Candidate],
    first: Sequence[Candidate],
    rest: Sequence[Candidate],
) -> tuple[Session, Dose]:
    """The context with a dose more and the question, and what that moved."""
    inside = (*first, *rest)
    prompted = grown(job, workspace, inside)
    [seen] = seen_in(job, workspace.read_beside(prompted))
    looked = [one.seen.attention for one in inside if one.seen is not None]
    seen = replace(seen, attention=pooled([one or 0.0 for one in looked] or [0.0]))
    ranks = {one.chunk.rank for one in inside}
    others = [one for one in candidates if one.chunk.rank not in ranks]
    # The growing context is rated as one chunk in the place of those that are in it.
    context, *_ = rated(job, [replace(inside[0], seen=seen), *others])
    steady = not job.settings.judge_doses or job.judge.budget.allows(context.volatility)
    return prompted, _dose(rest, seen, context.volatility, accepted=steady)


def grown(job: Job, workspace: Workspace, chunks: Sequence[Candidate]) -> Session:
    """The prompt with these chunks, up to where its question follows."""
    session, known = workspace.behind(chunks)
    for one in chunks[known:]:
        recompute = job.settings.recompute if known else 1.0
        add_chunk(session, one.tokens, one.session, len(job.prompt.prefix), recompute)
    return session


def _halved(job: Job, dose: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """A dose without its shakiest chunk; of a single chunk the half nearest to the question."""
    if len(dose) > 1:
        shakiest = max(dose, key=lambda one: one.volatility)
        return tuple(one for one in dose if one is not shakiest)
    [whole] = dose
    cut = halves(whole.text)
    if cut is None:
        return ()
    wanted = anchors(job.prompt.question, [whole.text], "")
    nearest = next((half for half in cut if wanted and wanted[0] in " ".join(half.split())), cut[0])
    half = part_of(job.model, whole, nearest)
    return (replace(half, seen=whole.seen, verdict=whole.verdict),)


def _dose(
    chunks: Sequence[Candidate], seen: Seen | None, volatility: float, *, accepted: bool
) -> Dose:
    ranks = tuple(one.chunk.rank for one in chunks)
    return Dose(ranks, None if seen is None else seen.question_gain, volatility, accepted)


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
