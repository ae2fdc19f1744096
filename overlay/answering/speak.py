"""Stage 12: the answer, token by token."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from overlay.answer import Outcome, TextAdded, ThoughtAdded
from overlay.answering.begin import Attempt
from overlay.answering.decide import Decision
from overlay.answering.job import Job
from overlay.answering.think import Thoughts
from overlay.text_stream import TextStream
from probes.protocol import Session
from probes.token_log_probs import TokenLogProb, token_log_probs

__all__ = ["ABSTENTION", "Speech", "speak"]

ABSTENTION = "The documents do not answer this question."


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What was said.

    Attributes:
        session: holds the prompt, and from ``thoughts.start`` on what was said.
        thoughts: what the model thought; the answer begins at their end.
        stream: has counted the answer's tokens, and knows whether a stop text ended it.
        times: of the first text and the last, on the clock of :func:`time.perf_counter`.
        echoed: how the rest of the prompt was expected, where that was asked for.
    """

    session: Session
    text: str
    thoughts: Thoughts
    stream: TextStream
    times: tuple[float, float]
    echoed: tuple[TokenLogProb, ...] = ()

    @property
    def tokens(self) -> int:
        """How many were generated."""
        return self.thoughts.tokens + self.stream.tokens


def speak(job: Job, decision: Decision) -> Generator[ThoughtAdded | TextAdded, None, Speech]:
    """Generate the answer, go on with the one that has begun, or say that there is none."""
    attempt, options = decision.attempt, job.options
    session, start = attempt.session, attempt.start
    echoed: Sequence[TokenLogProb] = ()
    if options.echo:
        tail = attempt.context.variant.tail
        if options.top_log_probs is None:
            session.extend(tail)
        else:
            echoed = token_log_probs(job.model, session, tail, options.top_log_probs)
        start = len(session.tokens)
    chat = job.prompt.alone is None
    ends = job.model.chat_style.ends if chat else ()
    stream = TextStream(options.stop, ends=ends, keep_blanks=not chat)
    thoughts = Thoughts(job.model, start)
    said = iter([ABSTENTION])
    if decision.outcome is not Outcome.ABSTAINED:
        tokens = _tokens(job, attempt, session.tokens[start:])
        if chat and not attempt.context.variant.quote:
            for thought in thoughts.feed(tokens):
                yield ThoughtAdded(thought)
        said = stream.feed(chain(thoughts.left, map(job.model.piece, tokens)))
    first, parts = None, []
    for part in said:
        first = first or time.perf_counter()
        parts.append(part)
        yield TextAdded(part)
    last = time.perf_counter()
    if stream.stopped:
        session.rollback(thoughts.stop + stream.tokens)
    job.ledger.book("answer")
    times = (first or last, last)
    return Speech(session, "".join(parts), thoughts, stream, times, tuple(echoed))


def _tokens(job: Job, attempt: Attempt, begun: Sequence[int]) -> Iterator[int]:
    """The answer's tokens, those first that were generated before."""
    yield from begun
    left = job.settings.max_tokens - len(begun)
    if left and not attempt.ended:
        seed = job.settings.seed + len(begun)
        yield from attempt.session.generate(replace(job.sampling, max_tokens=left, seed=seed))
