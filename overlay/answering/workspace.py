"""The sessions of one answer, and the room that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from probes.kv_store import KVStore
from probes.prompted import Prompted, prompt_beside, prompt_chunks
from probes.protocol import Session
from probes.state import FloatArray

__all__ = ["Workspace"]

# Rows that reading windows puts into the cache beside the sessions themselves, at most.
_READ_ROOM = 1024


class Workspace:
    """Opens, forks and closes every session of an answer. Use it as a context manager.

    Args:
        kept: cells of prompts and chunks that were seen before; None keeps nothing.

    Attributes:
        prefix: the prompt up to the place where the context goes.
    """

    def __init__(self, job: Job, kept: KVStore | None) -> None:
        self._job = job
        self._kept = kept
        self._open: dict[int, Session] = {}
        self._bare: Session | None = None
        self._expected: FloatArray | None = None
        self._grown: dict[tuple[tuple[int, ...], ...], Session] = {}
        self.prefix = self._own(job.model.session())
        try:
            if kept is None:
                self.prefix.extend(job.prompt.prefix)
            else:
                kept.extend_many(job.model, [self.prefix], [job.prompt.prefix])
        except BaseException:
            self.close()
            raise

    def empty(self) -> Session:
        """A session that holds nothing."""
        return self._own(self._job.model.session())

    def fork(self, session: Session) -> Session:
        """A session with the same tokens, which then goes its own way."""
        [fork] = session.fork(1)
        return self._own(fork)

    def close(self, *sessions: Session) -> None:
        """Close sessions; all of them where none is named."""
        for session in sessions or tuple(self._open.values()):
            self._open.pop(id(session), None)
            session.close()

    def forget(self, one: Candidate) -> Candidate:
        """The same candidate, whose session is closed."""
        if one.session is None:
            return one
        self.close(one.session)
        return replace(one, session=None)

    def behind(self, chunks: Sequence[Candidate]) -> tuple[Session, int]:
        """A session that holds the prompt's prefix and the first of these chunks.

        Returns:
            The session, which shares what was evaluated before, and how many chunks it holds.
        """
        texts = tuple(one.tokens for one in chunks)
        for count in range(len(texts), 0, -1):
            known = self._grown.get(texts[:count])
            if known is not None:
                return self.fork(known), count
        if chunks and chunks[0].session is not None:
            # What a chunk's own session holds is the beginning of a context.
            fork = self.fork(chunks[0].session)
            fork.rollback(len(self._job.prompt.prefix) + len(chunks[0].tokens))
            return fork, 1
        return self.fork(self.prefix), 0

    def grew(self, chunks: Sequence[Candidate], session: Session) -> None:
        """Note that a session holds the prefix and these chunks, so that others may share it."""
        self._grown[tuple(one.tokens for one in chunks)] = session

    def bare(self) -> Session:
        """The prompt without context; it is read once."""
        if self._bare is None:
            self._bare = self.fork(self.prefix)
            self._bare.extend(self._job.prompt.tail)
        return self._bare

    def stand_alone(self, candidates: Sequence[Candidate]) -> Prompted:
        """Put each chunk into a prompt of its own, see :func:`probes.prompted.prompt_chunks`."""
        prompt = self._job.prompt
        found = prompt_chunks(
            self._job.model,
            self.prefix,
            [candidate.tokens for candidate in candidates],
            prompt.tail,
            lead=prompt.lead,
            kept=self._kept,
        )
        for session in (found.bare, *found.sessions):
            self._own(session)
        self._bare, self._expected = found.bare, found.expected
        return found

    def together(self, candidates: Sequence[Candidate]) -> Prompted:
        """The chunks that stand alone, each in its session, beside the prompt without any."""
        assert self._expected is not None  # noqa: S101 - tells mypy what callers know
        sessions = [one.session for one in candidates if one.session is not None]
        gains = [one.seen.question_gain for one in candidates if one.seen is not None]
        return Prompted(self.bare(), sessions, gains, self._expected)

    def read_beside(self, session: Session) -> Prompted:
        """Put the rest of the prompt behind a text that stands alone, too."""
        prompt = self._job.prompt
        return prompt_beside(
            self._job.model, self.together(()), session, prompt.tail, lead=prompt.lead
        )

    @property
    def room(self) -> int:
        """Tokens that the chunks of the context may take together."""
        return self._job.room - len(self._job.prompt.prefix)

    def left(self, session: Session) -> int:
        """Tokens that a session may take on before the rest of the prompt."""
        return self._job.room - len(session.tokens)

    @property
    def side_by_side(self) -> int:
        """Cells for chunks that are read side by side, each with :attr:`beside`."""
        cells = self._job.model.info.cache_size
        taken = len(self._job.prompt.prefix) + min(_READ_ROOM, cells // 2)
        return cells - taken - self.beside

    @property
    def beside(self) -> int:
        """Cells that a chunk takes beside its own: the rest of the prompt, and a draft."""
        return len(self._job.prompt.tail) + self._job.settings.draft_tokens

    def spare(self, candidates: Iterable[Candidate]) -> int:
        """Cells that are free beside the chunks' sessions and what reading takes."""
        return self._job.model.info.cache_size - self._held(candidates) - _READ_ROOM

    def crowded(self, candidates: Iterable[Candidate], dose: Iterable[Candidate]) -> bool:
        """Whether the cache is too small for the chunks' sessions beside the growing context."""
        grown = sum(len(one.tokens) for one in dose) + len(self._job.prompt.tail)
        # Half as much again as the context takes, for the answer and for reading.
        size = self._job.model.info
        return self._held(candidates) + grown > size.cache_size - size.context_size // 2

    def _held(self, candidates: Iterable[Candidate]) -> int:
        sessions = [self.bare(), *(one.session for one in candidates if one.session is not None)]
        return sum(len(session.tokens) for session in sessions)

    def _own(self, session: Session) -> Session:
        self._open[id(session)] = session
        return session

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
