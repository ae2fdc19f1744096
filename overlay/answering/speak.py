"""Stage 9: the answer, token by token."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from overlay.answer import Outcome, TextAdded
from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from overlay.text_stream import TextStream
from probes.protocol import Session
from probes.token_log_probs import TokenLogProb, token_log_probs

__all__ = ["ABSTENTION", "Speech", "speak"]

ABSTENTION = "The documents do not answer this question."


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What was said.

    Attributes:
        session: holds prompt and answer, which begins at ``start``.
        stream: has counted the answer's tokens, and knows whether a stop text ended it.
        times: of the first text and the last, on the clock of :func:`time.perf_counter`.
        echoed: how the rest of the prompt was expected, where that was asked for.
    """

    session: Session
    start: int
    text: str
    stream: TextStream
    times: tuple[float, float]
    echoed: tuple[TokenLogProb, ...] = ()


def speak(
    job: Job, workspace: Workspace, context: Context, outcome: Outcome
) -> Generator[TextAdded, None, Speech]:
    """Generate the answer, or say that there is none."""
    session, tail = _speaker(job, workspace, context, outcome)
    echoed: Sequence[TokenLogProb] = ()
    if job.options.echo and job.options.top_log_probs is not None:
        echoed = token_log_probs(job.model, session, tail, job.options.top_log_probs)
    else:
        session.extend(tail)
    start = len(session.tokens)
    stream = TextStream(job.options.stop, keep_blanks=job.prompt.alone is not None)
    first, parts = None, []
    for part in _parts(job, session, outcome, stream):
        first = first or time.perf_counter()
        parts.append(part)
        yield TextAdded(part)
    last = time.perf_counter()
    job.ledger.book("answer")
    return Speech(session, start, "".join(parts), stream, (first or last, last), tuple(echoed))


def _parts(job: Job, session: Session, outcome: Outcome, stream: TextStream) -> Iterator[str]:
    if outcome is Outcome.ABSTAINED:
        yield ABSTENTION
        return
    tokens = session.generate(job.sampling)
    yield from stream.feed(job.model.piece(token) for token in tokens)


def _speaker(
    job: Job, workspace: Workspace, context: Context, outcome: Outcome
) -> tuple[Session, Sequence[int]]:
    """The session that answers, and what it has still to read."""
    prompt, echo = job.prompt, job.options.echo
    if outcome is Outcome.ANSWERED:
        if context.prompted is None or echo:
            return context.session, prompt.tail
        return context.prompted, ()
    if prompt.alone is not None:
        return workspace.empty(), prompt.alone
    return (workspace.prefix, prompt.tail) if echo else (workspace.bare(), ())
