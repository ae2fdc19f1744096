"""The sessions of one answer, and the room that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, takewhile

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from probes.kv_store import KVStore
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Session
from probes.state import FloatArray
from selector.signs import WINDOW

__all__ = ["Workspace"]

_Tokens = tuple[int, ...]
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
        # Tokens of the chunks that stand alone.
        self._alone = 0
        self._grown: dict[tuple[_Tokens, ...], Session] = {}
        self._asked: dict[tuple[_Tokens, ...], Session] = {}
        self.prefix = self._own(job.model.session())
        try:
            self.extend(self.prefix, job.prompt.prefix)
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

    def extend(self, session: Session, tokens: Sequence[int]) -> None:
        """Extend a session; where the same stood behind the same before, by what was kept of it."""
        if self._kept is None:
            session.extend(tokens)
        else:
            self._kept.extend_many(self._job.model, [session], [tokens])

    def close(self, *sessions: Session) -> None:
        """Close sessions; all of them where none is named."""
        for session in sessions or tuple(self._open.values()):
            self._open.pop(id(session), None)
            session.close()

    def grown(self, chunks: Sequence[Candidate]) -> Session:
        """A session that holds the prompt's prefix and these chunks.

        Where a longer context holds them in this order, it is that one, less the cells of the
        others. What these chunks took from the others when they were read they keep; nothing is
        evaluated. Else it shares what another context begins with alike, and is evaluated from
        there on.
        """
        texts = tuple(one.tokens for one in chunks)
        for known, session in self._grown.items():
            places = _places(texts, known)
            if places is not None:
                return self._less(session, known, places)
        return self._evaluated(texts)

    def _less(self, session: Session, known: Sequence[_Tokens], places: Sequence[int]) -> Session:
        """A fork of a context that does not see the chunks at any other places."""
        start = len(self._job.prompt.prefix)
        ends = list(accumulate(map(len, known), initial=start))
        found = self.fork(session)
        found.rollback(ends[places[-1] + 1] if places else start)
        for place in range(places[-1] if places else 0):
            if place not in places:
                whole, found = found, self._own(found.fork_masked(ends[place], ends[place + 1]))
                self.close(whole)
        return found

    def _evaluated(self, texts: tuple[_Tokens, ...]) -> Session:
        """A context that is evaluated, from where others no longer share it, and kept."""
        found, alike = self.prefix, 0
        for known, session in self._grown.items():
            pairs = zip(known, texts, strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            if same > alike:
                found, alike = session, same
        fork = self.fork(found)
        fork.rollback(len(self._job.prompt.prefix) + sum(map(len, texts[:alike])))
        missing = [token for text in texts[alike:] for token in text]
        if missing:
            self.extend(fork, missing)
        self._grown[texts] = fork
        return fork

    def asked(self, chunks: Sequence[Candidate], session: Session) -> None:
        """Note that a session holds the prefix, these chunks, and the prompt behind them."""
        self._asked[tuple(one.tokens for one in chunks)] = session

    def prompted(self, chunks: Sequence[Candidate], session: Session) -> Session:
        """A session that goes on from one of these chunks, up to where the answer begins."""
        known = self._asked.get(tuple(one.tokens for one in chunks))
        fork = self.fork(known or session)
        if known is None:
            fork.extend(self._job.prompt.tail)
        return fork

    def fits(self, chunks: Sequence[Candidate]) -> bool:
        """Whether the cache has room for a context of these chunks beside all that is open."""
        texts = tuple(one.tokens for one in chunks)
        shared = any(_places(texts, known) is not None for known in self._grown)
        return (self._free() - self._beside if shared else self._free(texts)) >= 0

    def drop_contexts(self) -> None:
        """Close what has grown so far; what was forked from it stays."""
        for session in (*self._grown.values(), *self._asked.values()):
            self.close(session)
        self._grown.clear()
        self._asked.clear()

    def bare(self) -> Session:
        """The prompt without context; it is read once."""
        if self._bare is None:
            self._bare = self.fork(self.prefix)
            self._bare.extend(self._job.prompt.tail)
        return self._bare

    def stand_alone(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Put chunks into prompts of their own, see :func:`probes.prompted.prompt_chunks`.

        A chunk that stands there already is left as it is, and one for which the cache has no room
        beside another context of all that was read stays without.
        """
        found, prompt = list(candidates), self._job.prompt
        left, places = self._free() - self._longest, []
        for place, one in enumerate(found):
            needed = len(one.tokens) + self._beside
            if one.session is None and one.seen is not None and needed <= left:
                left -= needed
                self._alone += len(one.tokens)
                places.append(place)
        if not places:
            return found
        prompted = prompt_chunks(
            self._job.model,
            self.prefix,
            [found[place].tokens for place in places],
            prompt.tail,
            lead=prompt.lead,
            kept=self._kept,
        )
        for session in (prompted.bare, *prompted.sessions):
            self._own(session)
        self._bare, self._expected = prompted.bare, prompted.expected
        alone = zip(places, prompted.sessions, prompted.question_gains, strict=True)
        for place, session, gain in alone:
            found[place] = replace(found[place], session=session).with_seen(question_gain=gain)
        return found

    def together(self, candidates: Sequence[Candidate]) -> Prompted:
        """The chunks that stand alone, each in its session, beside the prompt without any."""
        assert self._expected is not None  # noqa: S101 - tells mypy what callers know
        sessions = [one.session for one in candidates if one.session is not None]
        gains = [one.seen.question_gain or 0.0 for one in candidates if one.seen is not None]
        return Prompted(self.bare(), sessions, gains, self._expected)

    @property
    def room(self) -> int:
        """Tokens that the chunks of the context may take together."""
        return self._job.room - len(self._job.prompt.prefix)

    def left(self, session: Session) -> int:
        """Tokens that a session may take on before the rest of the prompt."""
        return self._job.room - len(session.tokens)

    def _free(self, *more: tuple[_Tokens, ...]) -> int:
        """Cells that are surely free, with further contexts of these chunks."""
        # What two contexts begin with alike, they share.
        contexts = {*self._grown, *more}
        beginnings = {one[: n + 1] for one in contexts for n in range(len(one))}
        taken = len(self._job.prompt.prefix) + sum(len(one[-1]) for one in beginnings)
        taken += self._alone + (len(self._open) + len(more)) * self._beside
        cells = self._job.model.info.cache_size
        return cells - taken - min(_READ_ROOM, cells // 8)

    @property
    def _longest(self) -> int:
        """Tokens of the chunks in the longest context so far: another order takes as many again."""
        return max((sum(map(len, one)) for one in self._grown), default=0)

    @property
    def _beside(self) -> int:
        """Cells that a session takes beside its chunks: the rest of the prompt, and a draft."""
        return self._job.prompt.after + max(self._job.settings.draft_tokens, WINDOW)

    def _own(self, session: Session) -> Session:
        self._open[id(session)] = session
        return session

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _places(texts: Sequence[_Tokens], known: Sequence[_Tokens]) -> list[int] | None:
    """Where the texts stand among those that are known, in this order; None where they do not."""
    found: list[int] = []
    for text in texts:
        start = found[-1] + 1 if found else 0
        if text not in known[start:]:
            return None
        found.append(known.index(text, start))
    return found
