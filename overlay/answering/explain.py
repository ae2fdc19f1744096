"""Stage 15: what each chunk did, how the answer was expected, and what all of it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.answer import Answer, Other, Outcome, Step, Usage
from overlay.answering.candidate import Candidate
from overlay.answering.decide import Decision
from overlay.answering.drafts import effects, said
from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.signs import read_signs
from overlay.answering.speak import Said, Speech
from overlay.answering.think import answering_tokens
from overlay.answering.workspace import Workspace
from overlay.text_stream import pieces_of
from probes.logit_drift import logit_drift
from probes.protocol import Session
from probes.subject import as_text
from probes.token_log_probs import TokenLogProb, end_token, token_log_probs
from selector.majority import can_outvote
from selector.profile import Guarantee
from selector.signs import WINDOW, Signs

__all__ = ["explain", "step_of"]


def explain(
    job: Job,
    workspace: Workspace,
    candidates: Sequence[Candidate],
    decision: Decision,
    speech: Speech,
) -> Answer:
    """Read what nobody had to wait for, and put the whole answer together."""
    context = decision.attempt.context
    candidates = _as_spoken(candidates, decision)
    candidates, drifts = _with_effects(job, workspace, candidates, context)
    signs = _signs(job, workspace, decision, speech)
    log_probs = _log_probs(job, workspace, decision, speech)
    first, *others = [
        Other(one.text, one.finish_reason, found, one.thought.text)
        for one, found in zip(speech.said, log_probs, strict=True)
    ]
    last = speech.times[1]
    return Answer(
        text=first.text,
        outcome=decision.outcome,
        note=decision.note,
        anchor=context.repeated,
        finish_reason=first.finish_reason,
        steps=tuple(step_of(job, one, drifts.get(one.chunk.rank)) for one in candidates),
        budget=job.judge.budget,
        spent=sum(one.verdict.spent for one in candidates if one.verdict is not None),
        usage=Usage(
            speech.start,
            sum(one.generated for one in speech.said),
            job.ledger.phases,
            sum(len(one.thought.tokens) for one in speech.said),
        ),
        seconds=last - job.ledger.opened,
        seconds_to_first_token=speech.times[0] - job.ledger.opened,
        model=job.model.info.name,
        mode=job.options.mode,
        searched_for=job.prompt.searched_for if candidates else (),
        guarantee=_guarantee(job, candidates),
        judged_by=job.judge.name,
        signs=signs,
        variants=decision.tried,
        volatility_index=None if signs is None else job.judge.index(signs),
        reasoning=first.reasoning,
        prompt=as_text(job.model, job.prompt.tail) if job.options.echo else "",
        prompt_log_probs=speech.echoed,
        log_probs=first.log_probs,
        others=tuple(others),
    )


def step_of(job: Job, one: Candidate, marginal_drift: float | None = None) -> Step:
    """A judged candidate as a step of the trajectory.

    Args:
        marginal_drift: see :class:`overlay.answer.Step`.
    """
    assert one.verdict is not None  # noqa: S101 - tells mypy that every candidate was judged
    seen = one.seen
    if seen is None:
        return Step(one.chunk, None, one.verdict, None, "")
    return Step(
        one.chunk,
        seen.reading,
        one.verdict,
        marginal_drift,
        said(job, seen.draft) if seen.reading else "",
        seen.question_gain,
        one.halved,
        seen.attention,
    )


def _as_spoken(candidates: Sequence[Candidate], decision: Decision) -> list[Candidate]:
    """The same, with the verdicts that hold of the context which the answer was given from."""
    if decision.outcome is not Outcome.ANSWERED:
        return list(candidates)
    variant = decision.attempt.context.variant
    inside = {one.chunk.rank: one for one in variant.chunks}
    return [_ruled(one, inside.get(one.chunk.rank), variant.name) for one in candidates]


def _ruled(one: Candidate, inside: Candidate | None, variant: str) -> Candidate:
    """A candidate, with the verdict that its place in a variant's context gives it."""
    verdict = one.verdict
    assert verdict is not None  # noqa: S101 - tells mypy that every candidate was judged
    if inside is not None and not verdict.accepted:
        reason = f'the variant "{variant}" lets it in; before that: {verdict.reason}'
        spent = verdict.volatility or 0.0
        short = "in variant"
        verdict = replace(verdict, accepted=True, short=short, reason=reason, spent=spent)
        return replace(one, verdict=replace(verdict, outvoted=False))
    if inside is None and verdict.accepted:
        reason = f'the variant "{variant}" leaves it out; before that: {verdict.reason}'
        rejected = replace(
            verdict, accepted=False, short="not in variant", reason=reason, spent=0.0
        )
        return replace(one, verdict=rejected)
    return one if inside is None or not inside.halved else replace(inside, session=one.session)


def _with_effects(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate], context: Context
) -> tuple[list[Candidate], dict[int, float | None]]:
    """The same, with what each chunk does alone, and the drifts by rank of what each dose did."""
    if not (job.judge.reads and job.options.effects):
        return list(candidates), {}
    found = effects(job, workspace, candidates)
    order = [one.chunk.rank for one in context.variant.chunks]
    [first] = [one for one in found if one.chunk.rank == order[0]] if order else [None]
    later, before = None, None if first is None else first.draft
    if len(order) > 1 and before is not None:
        prompted = workspace.fork(context.session)
        prompted.extend(context.variant.tail)
        later = logit_drift(before, prompted.read(before.window, before.layers))
        workspace.close(prompted)
    drifts = {
        one.chunk.rank: one.reading.logit_drift if one is first else later
        for one in found
        if one.accepted and one.reading is not None
    }
    job.book("probe")
    return found, drifts


def _signs(job: Job, workspace: Workspace, decision: Decision, speech: Speech) -> Signs | None:
    """What the answer shows of being right, by its first tokens if they were read before it."""
    if not job.judge.reads or decision.outcome is Outcome.ABSTAINED:
        return None
    # Of an answer in a form they were read on its own words, and not on the form's.
    if decision.attempt.signs is not None or job.options.form is not None:
        return decision.attempt.signs
    first = speech.said[0]
    said = first.tokens[:WINDOW]
    said = said[: answering_tokens(job.model, said)]
    if not said:
        return None
    twin = workspace.fork(speech.session)
    twin.rollback(speech.start + len(first.thought.tokens))
    read = twin.read(said)
    workspace.close(twin)
    [signs] = read_signs(job, workspace, [(decision.attempt.context, read)])
    job.book("index")
    return signs


def _log_probs(
    job: Job, workspace: Workspace, decision: Decision, speech: Speech
) -> list[tuple[TokenLogProb, ...]]:
    """How the tokens of each answer were expected; nothing where that was not asked for."""
    if job.options.top_log_probs is None or decision.outcome is Outcome.ABSTAINED:
        return [()] * len(speech.said)
    twin = workspace.fork(speech.session)
    # Where nothing was drawn, the answers are one.
    found = {one: _expected(job, twin, speech.start, one) for one in dict.fromkeys(speech.said)}
    workspace.close(twin)
    job.ledger.book("log-probabilities")
    return [found[one] for one in speech.said]


def _expected(job: Job, session: Session, start: int, said: Said) -> tuple[TokenLogProb, ...]:
    """How the tokens of an answer were expected, with the pieces that stand in its text.

    Behind them comes the token that ended it.
    """
    top = job.options.top_log_probs or 0
    session.rollback(start)
    session.extend(said.thought.tokens)
    found = token_log_probs(job.model, session, said.tokens, top)
    pieces = pieces_of([one.piece for one in found], said.text)
    inside = [replace(one, piece=piece) for one, piece in zip(found, pieces, strict=False)]
    if said.finish_reason == "stop" and not said.stopped:
        inside.append(end_token(job.model, session, top))
    return tuple(inside)


def _guarantee(job: Job, candidates: Sequence[Candidate]) -> Guarantee | None:
    if any(one.halved for one in candidates):
        return None  # it was promised of whole chunks
    promised = job.judge.guarantee(len(candidates))
    if promised is not None and job.settings.majority and can_outvote(len(candidates)):
        # What a budget keeps out was promised; what a majority keeps out comes on top.
        return promised.model_copy(update={"loss": None})
    return promised
