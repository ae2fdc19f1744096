"""The sessions of a model that several policies share, kept by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from probes.protocol import Model, Session

__all__ = ["MOST_SESSIONS", "NOTHING", "Holding", "KeptSessions", "Masked"]

# llama.cpp has 63 sequences; reading and drafting take some of them beside those that are kept.
MOST_SESSIONS = 24

_Tokens = tuple[int, ...]


class Masked(NamedTuple):
    """Positions ``start`` to ``stop - 1``, masked when a session held ``held`` tokens."""

    held: int
    start: int
    stop: int


class Holding(NamedTuple):
    """What a session says depends on: its tokens, and what of them the later ones do not see."""

    tokens: _Tokens
    masked: tuple[Masked, ...] = ()


NOTHING = Holding(())


class KeptSessions:
    """Opens sessions of a model, from whose caches longer ones go on.

    Args:
        model: whose sessions they are; closed by whoever opened it.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: dict[Holding, Session] = {}

    def session(self, holding: Holding) -> Session:
        """A session that holds this and shares the cache of the nearest one; it stays open here."""
        found = self._kept.pop(holding, None)
        if found is None:
            found, shared = self._begun(holding)
            found.extend(holding.tokens[shared:])
        self._kept[holding] = found  # at the end: the first ones are closed first
        return found

    def keep(self, holding: Holding, session: Session) -> None:
        """Keep a session of the model that holds this; one that holds the same gives way."""
        old = self._kept.pop(holding, None)
        if old is not None:
            old.close()
        self._kept[holding] = session

    def make_room(self) -> None:
        """Close the sessions used longest ago; half of the cache stays free for what comes."""
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_SESSIONS
            or _cells([one.tokens for one in self._kept]) > self._model.info.cache_size // 2
        ):
            self._kept.pop(next(iter(self._kept))).close()

    def close(self) -> None:
        """Close all of them."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _begun(self, holding: Holding) -> tuple[Session, int]:
        """A session that holds the first tokens, and how many; with all masks."""
        tokens, masked = holding
        least = masked[-1].held if masked else 1
        alike = ((_common(tokens, one.tokens), one) for one in self._kept if one.masked == masked)
        shared, nearest = max(alike, default=(0, None))
        if nearest is not None and shared >= least:
            [fork] = self._kept[nearest].fork(1)
            fork.rollback(shared)
            return fork, shared
        if not masked:
            return self._model.session(), 0
        held, start, stop = masked[-1]
        whole = self.session(Holding(tokens[:held], masked[:-1]))
        return whole.fork_masked(start, stop), held


def _cells(sessions: Sequence[_Tokens]) -> int:
    """Cache cells that the sessions take together: those of a shared beginning count once."""
    ordered = sorted(sessions)
    shared = sum(_common(first, second) for first, second in pairwise(ordered))
    return sum(map(len, ordered)) - shared


def _common(first: _Tokens, second: _Tokens) -> int:
    """How many tokens two sequences begin with alike."""
    pairs = zip(first, second, strict=False)
    shortest = min(len(first), len(second))
    return next((place for place, (a, b) in enumerate(pairs) if a != b), shortest)
