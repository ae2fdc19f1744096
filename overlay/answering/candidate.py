"""A chunk while it is judged, and what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overlay.prompt import chunk_tokens
from probes.protocol import Model, Session
from probes.reading import Reading
from probes.state import FloatArray, State
from retriever import RankedChunk
from selector.verdict import Verdict
from selector.weights import Rated

__all__ = ["Candidate", "Seen", "candidate_of", "part_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was read of a chunk.

    Attributes:
        state: ``[width]``, see :func:`probes.look.end_states`; None where the judge weighs none.
        attention: how much more the question looks at the chunk beside all others than a question
            that says nothing, nats, see :func:`probes.attention.attention`; None where that was not
            read.
        rated: what the judge makes of these.
        question_gain: see :func:`probes.question_gain.question_gain`, nats a token; None until the
            chunk stands alone.
        draft: the state on the draft that the chunk alone leads to; None until it is made.
        reading: what the chunk alone does to the model; None until it is read.
    """

    state: FloatArray | None = None
    attention: float | None = None
    rated: Rated | None = None
    question_gain: float | None = None
    draft: State | None = None
    reading: Reading | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A chunk while it is judged.

    Attributes:
        tokens: of the chunk as they stand in the context.
        session: holds the prompt with this chunk alone in it; None where nobody asked for that.
        seen: None where nothing was read.
        verdict: None until it is judged.
        halved: whether it is a part of the chunk that was retrieved.
    """

    chunk: RankedChunk
    tokens: tuple[int, ...]
    session: Session | None = None
    seen: Seen | None = None
    verdict: Verdict | None = None
    halved: bool = False

    @property
    def text(self) -> str:
        """What the chunk says."""
        return self.chunk.text

    @property
    def accepted(self) -> bool:
        """Whether it is let in, as far as is known."""
        return self.verdict is not None and self.verdict.accepted

    @property
    def unread(self) -> bool:
        """Whether it waits for a later dose, see :class:`selector.verdict.Verdict`."""
        return self.verdict is not None and self.verdict.unread

    @property
    def rated(self) -> Rated | None:
        """See :class:`Seen`; None where nothing was read."""
        return None if self.seen is None else self.seen.rated

    @property
    def volatility(self) -> float:
        """See :class:`selector.verdict.Verdict`; 1 where nothing tells."""
        return 1.0 if self.rated is None else self.rated.volatility

    @property
    def draft(self) -> State | None:
        """See :class:`Seen`; None where nothing was read."""
        return None if self.seen is None else self.seen.draft

    @property
    def reading(self) -> Reading | None:
        """See :class:`Seen`; None where nothing was read."""
        return None if self.seen is None else self.seen.reading

    def with_seen(self, **changes: object) -> Candidate:
        """The same with more that was read of it."""
        assert self.seen is not None  # noqa: S101 - tells mypy what callers know
        return replace(self, seen=replace(self.seen, **changes))  # type: ignore[arg-type]  # by name


def candidate_of(model: Model, chunk: RankedChunk) -> Candidate:
    """A chunk of which nothing is known yet."""
    return Candidate(chunk, tuple(chunk_tokens(model, chunk.text)))


def part_of(model: Model, whole: Candidate, text: str) -> Candidate:
    """A part of a chunk in its place, of which nothing is known yet."""
    chunk = replace(whole.chunk, chunk=replace(whole.chunk.chunk, text=text))
    return replace(candidate_of(model, chunk), halved=True)
