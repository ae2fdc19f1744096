"""Graduated injection: chunks enter the context one dose at a time, or are rolled back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from overlay.answer import Step
from overlay.prompt import Prompt
from probes.isolated import Isolated
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.state import State
from probes.subject import as_text
from retriever import RankedChunk
from selector.judges import Judge
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
        session: prefix and accepted chunks.
        prompted: the same with the rest of the prompt, where the answer begins; None until it
            has been read.
        state: the state on the draft made there; None until it is asked for.
        bare: the prompt without context; None until it has been read.
        baseline: the state on the draft made there; likewise.
        steps: the trajectory so far.
    """

    session: Session
    prompted: Session | None = None
    state: State | None = None
    bare: Session | None = None
    baseline: State | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def spent(self) -> float:
        """Volatility that the accepted steps spent."""
        return sum(step.verdict.spent for step in self.steps)

    @property
    def accepted(self) -> list[Step]:
        """The steps whose chunks are in the context."""
        return [step for step in self.steps if step.verdict.accepted]

    def move(self, prompted: Session, tail: int, state: State | None = None) -> None:
        """Go on with one more chunk; what was held before is closed.

        Args:
            prompted: holds it, and the rest of the prompt, which takes ``tail`` tokens.
            state: the state on the draft made there, where it is known.
        """
        [session] = prompted.fork(1)
        session.rollback(len(prompted.tokens) - tail)
        for old in (self.session, self.prompted):
            if old is not None:
                old.close()
        self.session, self.prompted, self.state = session, prompted, state

    def read(self, model: Model, draft_tokens: int) -> State:
        """The state on the draft that the chunks so far lead to; some must be there."""
        assert self.prompted is not None  # noqa: S101 - tells mypy what a caller knows
        if self.state is None:
            [self.state] = model.draft_states([self.prompted], draft_tokens)
        return self.state

    def close(self) -> None:
        """Close the sessions."""
        for session in (self.session, self.prompted, self.bare):
            if session is not None:
                session.close()


def inject(
    model: Model,
    context: Context,
    prompt: Prompt,
    doses: Sequence[Dose],
    probed: Isolated,
    *,
    order: Sequence[int],
    places: Sequence[int],
    judge: Judge,
    draft_tokens: int,
    room: int,
    recompute: float,
) -> Iterator[Step]:
    """Try the doses one after the other and yield each step once it is judged.

    The caller adds each step to ``context.steps`` before it asks for the next one.

    A chunk that its own reading already puts over budget is not injected. The others are: a fork
    of the session grows by the chunk, the drift on the current draft is read there, and the verdict
    on that drift keeps the fork or drops it.

    Args:
        context: moves on with every accepted dose.
        probed: the session of each chunk is closed once the chunk is judged.
        doses: in the order in which they were probed.
        order: in which they are tried, by their numbers in ``doses``.
        places: of the doses among the question's chunks, as the judge counts them.
        room: tokens that the session may hold before the tail.
        recompute: share of a chunk's tokens that is evaluated again inside the context; the others
            keep the cells of the chunk's own session.
    """
    for index in order:
        dose = doses[index]
        reading = probed.readings[index]
        draft = as_text(model, probed.drafts[index]).strip()
        verdict = judge.verdict(places[index], reading, spent=context.spent, draft=draft)
        marginal: float | None = None
        if verdict.accepted and len(context.session.tokens) + len(dose.tokens) > room:
            verdict = does_not_fit(len(dose.tokens), room - len(context.session.tokens))
        elif verdict.accepted and context.prompted is None:
            # The first dose is what the chunk's own probe has already prefilled and read.
            marginal = reading.logit_drift
            [prompted] = probed.sessions[index].fork(1)
            context.move(prompted, len(prompt.tail), probed.states[index])
        elif verdict.accepted:
            before = context.read(model, draft_tokens)
            [prompted] = context.session.fork(1)
            try:
                _add(prompted, dose, probed.sessions[index], len(prompt.prefix), recompute)
                prompted.extend(prompt.tail)
                after = prompted.read(before.window, before.layers)
                marginal = logit_drift(before, after)
            except BaseException:
                prompted.close()
                raise
            verdict = judge.verdict(
                places[index], reading, spent=context.spent, draft=draft, marginal_drift=marginal
            )
            if verdict.accepted:
                context.move(prompted, len(prompt.tail))
            else:
                prompted.close()
        # The context may take the cells that the chunk's own session held.
        probed.sessions[index].close()
        yield Step(dose.chunk, reading, verdict, marginal, draft, reading.question_gain)


def _add(session: Session, dose: Dose, alone: Session, place: int, recompute: float) -> None:
    """Extend the context by a chunk that stands at ``place`` of a session of its own, too."""
    size = len(dose.tokens)
    fresh = math.ceil(recompute * size)
    if fresh < size:
        session.extend_blended(alone, place, place + size, fresh=fresh)
    else:
        session.extend(dose.tokens)


def does_not_fit(needed: int, left: int) -> Verdict:
    """The verdict on a chunk that the model's context has no room for."""
    return Verdict(
        accepted=False,
        reason=f"it does not fit the context: it needs {needed} tokens, {max(left, 0)} are left.",
        utility=None,
        volatility=None,
        spent=0.0,
    )
