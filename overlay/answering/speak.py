"""Stage 14: the answer, token by token, and others from the same place where asked for."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from overlay.answer import Outcome, TextAdded, ThoughtAdded
from overlay.answering.begin import Attempt
from overlay.answering.decide import Decision
from overlay.answering.job import Job
from overlay.answering.think import NO_THOUGHT, Thought, Thoughts
from overlay.answering.workspace import Workspace
from overlay.text_stream import TextStream
from probes.protocol import Session
from probes.token_log_probs import TokenLogProb, token_log_probs

__all__ = ["ABSTENTION", "Said", "Speech", "speak"]

ABSTENTION = "The documents do not answer this question."


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One answer.

    Attributes:
        tokens: those of the model; none where the overlay speaks in its place.
        finish_reason: ``stop`` or ``length``, see :class:`overlay.answer.Answer`.
        stopped: whether a stop text ended it.
        began: when the first text came, on the clock of :func:`time.perf_counter`; None where
            none did.
        thought: what the model thought before.
    """

    tokens: tuple[int, ...]
    text: str
    finish_reason: str = "stop"
    stopped: bool = False
    began: float | None = None
    thought: Thought = NO_THOUGHT

    @property
    def generated(self) -> int:
        """Tokens that the model generated, thoughts included."""
        return len(self.thought.tokens) + len(self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What was said.

    Attributes:
        session: holds the prompt, which ends at ``start``, and the first answer.
        said: the answers, in order.
        times: of the first text and the last, on the clock of :func:`time.perf_counter`.
        echoed: how the rest of the prompt was expected, where that was asked for.
    """

    session: Session
    start: int
    said: tuple[Said, ...]
    times: tuple[float, float]
    echoed: tuple[TokenLogProb, ...] = ()


def speak(
    job: Job, workspace: Workspace, decision: Decision
) -> Generator[ThoughtAdded | TextAdded, None, Speech]:
    """Generate the answer, go on with the one that has begun, or say that there is none."""
    attempt, echoed = decision.attempt, tuple[TokenLogProb, ...]()
    if job.options.echo:
        attempt, echoed = _echoed(job, attempt)
    if decision.outcome is Outcome.ABSTAINED:
        yield TextAdded(ABSTENTION)
        first = Said((), ABSTENTION, began=time.perf_counter())
    else:
        first = yield from _say(job, attempt, 0)
    said = [first]
    for number in range(1, job.options.n):
        if not _drawn(job, decision):
            said.append(first)
            yield TextAdded(first.text, number)
            continue
        twin = workspace.fork(attempt.session)
        twin.rollback(attempt.start)
        again = replace(attempt, session=twin, ended=False)
        said.append((yield from _say(job, again, number)))
        workspace.close(twin)
    last = time.perf_counter()
    job.ledger.book("answer")
    times = (first.began or last, last)
    return Speech(attempt.session, attempt.start, tuple(said), times, echoed)


def _drawn(job: Job, decision: Decision) -> bool:
    """Whether another answer can be other than the first."""
    quoted = bool(decision.attempt.context.variant.quote)
    spoken = decision.outcome is not Outcome.ABSTAINED and not quoted
    return spoken and job.settings.temperature > 0


def _echoed(job: Job, attempt: Attempt) -> tuple[Attempt, tuple[TokenLogProb, ...]]:
    """The attempt behind the rest of the prompt, and how that was expected where it is asked."""
    session, tail = attempt.session, attempt.context.variant.tail
    found: Sequence[TokenLogProb] = ()
    if job.options.top_log_probs is None:
        session.extend(tail)
    else:
        found = token_log_probs(job.model, session, tail, job.options.top_log_probs)
    return replace(attempt, start=len(session.tokens)), tuple(found)


def _say(
    job: Job, attempt: Attempt, number: int
) -> Generator[ThoughtAdded | TextAdded, None, Said]:
    """Generate answer ``number``, or what is missing of it."""
    session, start = attempt.session, attempt.start
    chat = job.prompt.alone is None
    # A form leaves no room for thoughts or for a next turn, and a quote is no model's.
    free = chat and job.options.form is None and not attempt.context.variant.quote
    ends = job.model.chat_style.ends if free else ()
    stream = TextStream(job.options.stop, ends=ends, keep_blanks=not chat)
    thoughts = Thoughts(job.model, start)
    tokens = _tokens(job, attempt, session.tokens[start:], number)
    if free:
        for thought in thoughts.feed(tokens):
            yield ThoughtAdded(thought, number)
    began, parts = None, []
    for part in stream.feed(chain(thoughts.left, map(job.model.piece, tokens))):
        began = began or time.perf_counter()
        parts.append(part)
        yield TextAdded(part, number)
    if stream.stopped:
        session.rollback(thoughts.stop + stream.tokens)
    return Said(
        tuple(session.tokens[thoughts.stop :]),
        "".join(parts),
        _finish_reason(job, attempt, thoughts.tokens, stream),
        stream.stopped,
        began,
        Thought(tuple(session.tokens[start : thoughts.stop]), thoughts.text.strip()),
    )


def _tokens(job: Job, attempt: Attempt, begun: Sequence[int], number: int) -> Iterator[int]:
    """The answer's tokens, those first that were generated before."""
    yield from begun
    left = job.settings.max_tokens - len(begun)
    if left and not attempt.ended:
        seed = job.settings.seed + number + len(begun)
        sampling = replace(job.sampling, max_tokens=left, seed=seed, form=job.options.form)
        yield from attempt.session.generate(sampling)


def _finish_reason(job: Job, attempt: Attempt, thoughts: int, stream: TextStream) -> str:
    if stream.stopped or attempt.ended:
        return "stop"
    full = len(attempt.session.tokens) >= job.model.info.context_size
    spent = thoughts + stream.tokens >= job.settings.max_tokens
    return "length" if full or spent else "stop"
