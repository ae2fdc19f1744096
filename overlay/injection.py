"""Graduated injection on plain thresholds: one chunk at a time enters, or is rolled back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from overlay.answer import Step
from overlay.prompt import Prompt
from probes.isolated import Isolated
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.state import State
from probes.subject import as_text
from retriever import RankedChunk
from selector.budget import Budget
from selector.judge import judge
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["Context", "Dose", "Injection", "add_chunk", "does_not_fit"]


@dataclass(frozen=True, slots=True)
class Dose:
    """What one step injects: a chunk and its tokens as they stand in the context.

    Attributes:
        halved: whether it is a part of a chunk that was retrieved.
    """

    chunk: RankedChunk
    tokens: list[int]
    halved: bool = False


@dataclass(slots=True)
class Context:
    """The growing context: a session that holds the prompt up to the last accepted chunk.

    Attributes:
        session: prefix and accepted chunks, and what is said again behind them.
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

    def grown(
        self, prompt: Prompt, dose: Sequence[tuple[Dose, Session]], recompute: float
    ) -> Session:
        """A session with a dose more and the rest of the prompt; the context stays as it was.

        Args:
            dose: chunks, each with a session where it stands alone behind the prefix.
            recompute: see :func:`add_chunk`.
        """
        with self._fork() as prompted:
            for chunk, alone in dose:
                add_chunk(prompted, chunk.tokens, alone, len(prompt.prefix), recompute)
            prompted.extend(prompt.tail)
        return prompted

    def say_again(self, tokens: Sequence[int], tail: Sequence[int]) -> None:
        """Go on with text behind the chunks that is none of them, and the rest of the prompt."""
        with self._fork() as prompted:
            prompted.extend([*tokens, *tail])
        self.move(prompted, len(tail))

    @contextmanager
    def _fork(self) -> Iterator[Session]:
        """A fork of the session; it is closed if what is done with it fails, and else stays."""
        [fork] = self.session.fork(1)
        try:
            yield fork
        except BaseException:
            fork.close()
            raise

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


class Injection:
    """Tries the doses of one turn. Use it once.

    Args:
        context: moves on with every accepted dose.
        doses: in the order in which they were probed.
        probed: the session of each chunk is closed once the chunk is judged.
        room: tokens that the session may hold before the tail.
        recompute: share of a chunk's tokens that is evaluated again inside the context; the others
            keep the cells of the chunk's own session.
    """

    def __init__(
        self,
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
        recompute: float,
    ) -> None:
        self._model = model
        self._context = context
        self._prompt = prompt
        self._doses = doses
        self._probed = probed
        self._thresholds = thresholds
        self._budget = budget
        self._draft_tokens = draft_tokens
        self._room = room
        self._recompute = recompute

    def run(self, order: Sequence[int]) -> Iterator[Step]:
        """Yield a step for every chunk once it is judged.

        The caller adds each step to ``context.steps`` before it asks for the next one.

        Args:
            order: in which chunks are tried, by their numbers in ``doses``.
        """
        for index in order:
            step = self._try(index)
            # The context may take the cells that the chunk's own session held.
            self._probed.sessions[index].close()
            yield step

    def _try(self, index: int) -> Step:
        """A chunk as a dose of its own.

        One that its own reading already puts over budget is not injected. The others are: a fork of
        the session grows by the chunk, the drift on the current draft is read there, and the
        verdict on that drift keeps the fork or drops it.
        """
        context = self._context
        verdict = self._verdict(index)
        marginal: float | None = None
        if verdict.accepted and context.prompted is None:
            # The first dose is what the chunk's own probe has already prefilled and read.
            marginal = self._probed.readings[index].logit_drift
            [prompted] = self._probed.sessions[index].fork(1)
            context.move(prompted, len(self._prompt.tail), self._probed.states[index])
        elif verdict.accepted:
            prompted, marginal = self._grown(index)
            verdict = self._verdict(index, marginal)
            if verdict.accepted:
                context.move(prompted, len(self._prompt.tail))
            else:
                prompted.close()
        return self._step(index, verdict, marginal)

    def _grown(self, index: int) -> tuple[Session, float]:
        """The context with a dose and the rest of the prompt, and the drift on its draft."""
        before = self._context.read(self._model, self._draft_tokens)
        chunk = (self._doses[index], self._probed.sessions[index])
        prompted = self._context.grown(self._prompt, [chunk], self._recompute)
        try:
            after = prompted.read(before.window, before.layers)
        except BaseException:
            prompted.close()
            raise
        return prompted, logit_drift(before, after)

    def _verdict(self, index: int, marginal_drift: float | None = None) -> Verdict:
        """What the judge says, unless there is no room."""
        verdict = judge(
            self._probed.readings[index],
            self._thresholds,
            self._budget,
            spent=self._context.spent,
            draft=self._draft(index),
            marginal_drift=marginal_drift,
        )
        left = self._room - len(self._context.session.tokens)
        needed = len(self._doses[index].tokens)
        return does_not_fit(needed, left) if verdict.accepted and needed > left else verdict

    def _draft(self, index: int) -> str:
        return as_text(self._model, self._probed.drafts[index]).strip()

    def _step(self, index: int, verdict: Verdict, marginal: float | None) -> Step:
        reading = self._probed.readings[index]
        chunk = self._doses[index].chunk
        return Step(chunk, reading, verdict, marginal, self._draft(index), reading.question_gain)


def add_chunk(
    session: Session, tokens: Sequence[int], alone: Session, place: int, recompute: float
) -> None:
    """Extend a context by a chunk that stands at ``place`` of a session of its own, too.

    Args:
        recompute: share of its tokens that is evaluated again; the others keep the cells that they
            have there.
    """
    size = len(tokens)
    fresh = math.ceil(recompute * size)
    if fresh < size:
        session.extend_blended(alone, place, place + size, fresh=fresh)
    else:
        session.extend(tokens)


def does_not_fit(needed: int, left: int, *, where: str = "the context") -> Verdict:
    """The verdict on a chunk for which there is no room.

    Args:
        needed: tokens that it takes.
        left: tokens that there are.
        where: what is full.
    """
    return Verdict(
        accepted=False,
        short="does not fit",
        reason=f"it does not fit {where}: it needs {needed} tokens, {max(left, 0)} are left.",
        utility=None,
        volatility=None,
        spent=0.0,
    )
