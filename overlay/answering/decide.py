"""Stage 12: which variant is spoken, or what is said in place of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from overlay.answer import Outcome, Tried
from overlay.answering.begin import Attempt, begun, without_context
from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.signs import heard
from overlay.answering.vote import votes
from overlay.answering.workspace import Workspace
from overlay.options import Mode
from overlay.settings import Fallback

__all__ = ["Decision", "decide", "steady"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answer will rest on.

    Attributes:
        note: why, where that is not plain from the verdicts.
        attempt: what is spoken; where nothing is, what would be without context.
        tried: the variants that were tried.
    """

    outcome: Outcome
    note: str
    attempt: Attempt
    tried: tuple[Tried, ...] = ()


def steady(job: Job, attempt: Attempt) -> bool:
    """Whether no other variant needs to be tried."""
    settings = job.settings
    return attempt.chance <= min(settings.retry_index, settings.budget_index)


def _within(job: Job, attempt: Attempt) -> bool:
    """Whether it may be spoken."""
    return attempt.chance <= job.settings.budget_index


def decide(
    job: Job,
    workspace: Workspace,
    candidates: Sequence[Candidate],
    attempts: Sequence[Attempt],
) -> Decision:
    """Speak the steadiest variant, if its index is within budget once the others are heard.

    If it is not, abstain. Where no chunk was let in, do what the setting ``fallback`` says.
    """
    best = min(attempts, key=lambda attempt: attempt.chance, default=None)
    spoken = None if best is None else _heard(job, best, attempts)
    if best is not None and spoken is not None and _within(job, spoken):
        note = "; ".join(filter(None, (_conflict(candidates), _retried(attempts, best))))
        return Decision(Outcome.ANSWERED, note, spoken, _told(attempts, best))
    nothing = without_context(job, workspace, echo=job.options.echo)
    if spoken is not None:
        shaky = _shaky(job, candidates, attempts, spoken)
        return Decision(Outcome.ABSTAINED, shaky, nothing, _told(attempts))
    if job.options.mode is Mode.NO_CONTEXT:
        why = "nothing was retrieved: retrieval is off"
        return Decision(Outcome.WITHOUT_CONTEXT, why, nothing)
    why = "no chunk is within budget" if candidates else "nothing was retrieved"
    if any(one.accepted for one in candidates):
        why = "no sentence within budget shares a word with the question"
    return _fall_back(job, workspace, nothing, why)


def _heard(job: Job, best: Attempt, attempts: Sequence[Attempt]) -> Attempt:
    """The steadiest variant, with the index that it has once the others are heard."""
    others = [one.begun.said for one in attempts if one is not best and one.begun is not None]
    if best.begun is None or not others:
        return best
    signs = heard(job, best.begun.signs, best.begun.said, others)
    return replace(best, begun=replace(best.begun, signs=signs, index=job.judge.index(signs)))


def _fall_back(job: Job, workspace: Workspace, nothing: Attempt, why: str) -> Decision:
    """Answer without context, or abstain, as the setting says."""
    fallback = job.settings.fallback
    # Plain RAG judges nothing, and answers whatever it retrieves.
    if fallback is Fallback.ANSWER or (fallback is Fallback.AUTO and not job.judge.reads):
        return Decision(Outcome.WITHOUT_CONTEXT, why, nothing)
    if fallback is Fallback.ABSTAIN:
        return Decision(Outcome.ABSTAINED, why, nothing)
    [tried] = begun(job, workspace, [without_context(job, workspace, echo=False)])
    if tried.index is None:
        return Decision(Outcome.ABSTAINED, why, nothing)
    over = "within" if _within(job, tried) else "over"
    budget = f"{over} the budget of {job.settings.budget_index:g}"
    why += f"; without context the volatility index is {tried.index:.2f}, {budget}"
    if not _within(job, tried):
        return Decision(Outcome.ABSTAINED, why, nothing)
    return Decision(Outcome.WITHOUT_CONTEXT, why, nothing if job.options.echo else tried)


def _told(attempts: Sequence[Attempt], spoken: Attempt | None = None) -> tuple[Tried, ...]:
    return tuple(
        Tried(
            name=one.context.variant.name,
            chunks=tuple(chunk.chunk.rank for chunk in one.context.variant.chunks),
            repeated=one.context.repeated,
            index=one.index,
            spoken=one is spoken,
        )
        for one in attempts
    )


def _indices(attempts: Sequence[Attempt]) -> str:
    return ", ".join(f"{one.context.variant.name} {one.chance:.2f}" for one in attempts)


def _retried(attempts: Sequence[Attempt], best: Attempt) -> str:
    """What is spoken in place of the first variant."""
    if best is attempts[0]:
        return ""
    return (
        f"this is {best.context.variant.name}, by itself the steadiest of {len(attempts)} "
        f"variants: {_indices(attempts)}"
    )


def _shaky(
    job: Job, candidates: Sequence[Candidate], attempts: Sequence[Attempt], best: Attempt
) -> str:
    """What was found, what the steadiest variant came to, and each by itself."""
    sources = dict.fromkeys(one.chunk.where for one in candidates if one.accepted)
    alone = f" (each variant by itself: {_indices(attempts)})" if len(attempts) > 1 else ""
    return (
        f"the answer would be too shaky: its volatility index may be {job.settings.budget_index:g}"
        f", and is {best.chance:.2f}{alone}; what may help stands in {', '.join(sources)}"
    )


def _conflict(candidates: Sequence[Candidate]) -> str:
    """What to say where chunks within budget disagreed."""
    out = sum(one.verdict is not None and one.verdict.outvoted for one in candidates)
    kept = sum(votes(one) for one in candidates)
    if not out:
        return ""
    return (
        f"the sources disagree: {kept} steady chunks support each other, and {out} "
        f"{'speaks' if out == 1 else 'speak'} against them and {'was' if out == 1 else 'were'} "
        "kept out"
    )
