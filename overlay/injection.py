"""Graduated injection: chunks enter the context one dose at a time, or are rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from overlay.answer import Step
from overlay.prompt import Prompt
from probes.isolated import Isolated
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.subject import as_text
from retriever import RankedChunk
from selector.budget import Budget
from selector.judge import judge
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["Context", "Dose", "does_not_fit", "inject"]


@dataclass(frozen=True, slots=True)
class Dose:
    """What one step injects: a chunk and its tokens as they stand in the context."""

    chunk: RankedChunk
    tokens: list[int]


@dataclass(slots=True)
class Context:
    """The growing context: a session that holds the prompt up to the last accepted chunk.

    Attributes:
        session: prefix and accepted chunks; whoever holds the context closes it.
        steps: the trajectory so far.
        baseline_confidence: mean log-probability of the draft without context, in nats per
            token; None until it is known.
    """

    session: Session
    steps: list[Step] = field(default_factory=list)
    baseline_confidence: float | None = None

    @property
    def spent(self) -> float:
        """Volatility that the accepted steps spent."""
        return sum(step.verdict.spent for step in self.steps)

    @property
    def accepted(self) -> list[Step]:
        """The steps whose chunks are in the context."""
        return [step for step in self.steps if step.verdict.accepted]


def inject(
    model: Model,
    context: Context,
    prompt: Prompt,
    doses: Sequence[Dose],
    probed: Isolated,
    *,
    thresholds: Thresholds,
    budget: Budget,
    draft_tokens: int,
    room: int,
) -> Iterator[Step]:
    """Try the doses in the given order and yield each step once it is judged.

    The caller adds each step to ``context.steps`` before it asks for the next one.

    A chunk that its own reading already puts over budget is not injected. The others are: the
    session grows by the chunk, the drift on the current draft is read, and the verdict on that
    drift keeps the chunk or rolls it back.

    Args:
        context: its session grows in place.
        doses: in the order in which they were probed.
        room: tokens that the session may hold before the tail.
    """
    for index, dose in enumerate(doses):
        reading = probed.readings[index]
        draft = as_text(model, probed.drafts[index]).strip()
        verdict = judge(reading, thresholds, budget, spent=context.spent, draft=draft)
        marginal: float | None = None
        if verdict.accepted and len(context.session.tokens) + len(dose.tokens) > room:
            verdict = does_not_fit(len(dose.tokens), room - len(context.session.tokens))
        elif verdict.accepted and not context.accepted:
            # The first dose is what the chunk's own probe has already prefilled and read.
            marginal = reading.logit_drift
            context.session.close()
            context.session = probed.sessions[index].fork(1)[0]
        elif verdict.accepted:
            position = len(context.session.tokens)
            marginal = _marginal_drift(
                model, context.session, dose.tokens, prompt.tail, draft_tokens
            )
            verdict = judge(
                reading,
                thresholds,
                budget,
                spent=context.spent,
                draft=draft,
                marginal_drift=marginal,
            )
            if not verdict.accepted:
                context.session.rollback(position)
        yield Step(dose.chunk, reading, verdict, marginal, draft)


def does_not_fit(needed: int, left: int) -> Verdict:
    """The verdict on a chunk that the model's context has no room for."""
    return Verdict(
        accepted=False,
        reason=f"it does not fit the context: it needs {needed} tokens, {max(left, 0)} are left.",
        utility=None,
        volatility=None,
        spent=0.0,
    )


def _marginal_drift(
    model: Model,
    session: Session,
    chunk: Sequence[int],
    tail: Sequence[int],
    draft_tokens: int,
) -> float:
    """Extend the session by a chunk; return the logit drift on the draft made before it."""
    [before] = session.fork(1)
    with before:
        before.extend(tail)
        [window] = model.draft_many([before], draft_tokens)
        state_before = before.read(window)
    session.extend(chunk)
    [after] = session.fork(1)
    with after:
        after.extend(tail)
        state_after = after.read(window)
    return logit_drift(state_before, state_after)
