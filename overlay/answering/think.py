"""What a model says that is no answer: its thoughts before it, and the next turn behind it.

Prompts leave no room for thoughts, see :mod:`probes.thoughts`; this is for models that think all
the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from overlay.answering.job import Job
from overlay.text_stream import TextStream
from probes.protocol import Model, Session
from probes.thoughts import Marks, may_open, opened_by

__all__ = ["NO_THOUGHT", "Thought", "Thoughts", "answering", "answering_tokens", "think"]


class Thought(NamedTuple):
    """What a model thought before an answer: tokens with the marks around them, and the text."""

    tokens: tuple[int, ...] = ()
    text: str = ""


NO_THOUGHT = Thought()


class Thoughts:
    """Takes thoughts off the front of what a model says.

    Args:
        start: where that begins in its session.

    Attributes:
        tokens: how many they took, with the marks around them.
        text: all of them, so far.
        left: bytes of the answer that were taken in on the way.
    """

    def __init__(self, model: Model, start: int = 0) -> None:
        self.start = start
        self._model = model
        self._kinds = model.chat_style.thoughts
        self.tokens = 0
        self.text = ""
        self.left: list[bytes] = []

    @property
    def stop(self) -> int:
        """Where the answer itself begins in the session."""
        return self.start + self.tokens

    def feed(self, tokens: Iterator[int]) -> Iterator[str]:
        """Yield thoughts as they come; takes no more tokens than belong to them, or may."""
        taken: list[int] = []
        said = ""
        for token in tokens:
            taken.append(token)
            said = b"".join(map(self._model.spelled, taken)).decode("utf-8", "replace").lstrip()
            kind = opened_by(said, self._kinds)
            if kind is not None:
                self.tokens = len(taken)
                yield from self._inside(kind, tokens, said.removeprefix(kind.opened))
                return
            if not may_open(said, self._kinds):
                break
        self.left = [self._model.piece(token) for token in taken]

    def _inside(self, kind: Marks, tokens: Iterator[int], held: str) -> Iterator[str]:
        stream = TextStream((kind.closed,))
        # An empty piece first: what is held may hold the closing mark, too.
        spelled = (self._model.spelled(token) for token in tokens)
        for text in stream.feed(chain((b"",), spelled), held):
            self.text += text
            yield text
        self.tokens += stream.tokens - 1
        self.left = [stream.rest.encode()] if stream.rest.strip() else []


def think(job: Job, session: Session, start: int) -> int:
    """Let a model that has begun to think come to the end of it.

    Args:
        session: holds the prompt, and from ``start`` on what the model has said.

    Returns:
        How many tokens of the session, from ``start`` on, are thoughts.
    """
    begun = session.tokens[start:]
    thoughts = Thoughts(job.model)
    for _ in thoughts.feed(chain(begun, _more(job, session, len(begun)))):
        pass
    return thoughts.tokens


def _more(job: Job, session: Session, begun: int) -> Iterator[int]:
    left = job.settings.max_tokens - begun
    if left > 0:
        seed = job.settings.seed + begun
        yield from session.generate(replace(job.sampling, max_tokens=left, seed=seed))


def answering_tokens(model: Model, said: Sequence[int]) -> int:
    """How many of an answer's tokens stand before the model would begin the next turn."""
    ends = model.chat_style.ends
    if not ends:
        return len(said)
    pieces = [model.piece(token) for token in said]
    stream = TextStream(ends=ends)
    text = "".join(stream.feed(pieces))
    if not stream.stopped:
        return len(said)
    sizes = (len(_decoded(pieces[:count]).lstrip()) for count in range(len(pieces) + 1))
    return next(count for count, size in enumerate(sizes) if size >= len(text))


def answering(model: Model, said: Sequence[int]) -> str:
    """What tokens say as an answer: without thoughts before it, and the next turn behind it."""
    tokens = iter(said)
    thoughts = Thoughts(model)
    for _ in thoughts.feed(tokens):
        pass
    pieces = chain(thoughts.left, map(model.piece, tokens))
    return "".join(TextStream(ends=model.chat_style.ends).feed(pieces))


def _decoded(pieces: Sequence[bytes]) -> str:
    return b"".join(pieces).decode("utf-8", "replace")
