"""A llama.cpp session: one KV-cache sequence and the tokens that stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probes.blending import extend_blended
from probes.checks import check_position, check_span
from probes.protocol import Sampling, Session
from probes.state import State

if TYPE_CHECKING:
    from probes.llamacpp.model import LlamaCppModel

__all__ = ["LlamaCppSession"]


class LlamaCppSession:
    """See :class:`probes.protocol.Session`. Made by :meth:`LlamaCppModel.session`.

    The cache always lacks at least the last token: that one is evaluated together with what is
    read after it, so reading again after a rollback never evaluates a token twice.
    """

    def __init__(self, model: LlamaCppModel, sequence: int) -> None:
        self._model = model
        self._closed = False
        self.sequence = sequence
        self.tokens: list[int] = []
        self.cached = 0

    @property
    def pending(self) -> list[int]:
        """Tokens that are not in the cache yet."""
        return self.tokens[self.cached :]

    def extend(self, tokens: Sequence[int]) -> None:
        """See :meth:`probes.protocol.Session.extend`."""
        self._model.check_length(len(self.tokens) + len(tokens))
        self.tokens.extend(tokens)

    def fork(self, n: int) -> list[LlamaCppSession]:
        """See :meth:`probes.protocol.Session.fork`."""
        self._model.flush([self])
        return [self._model.copy(self) for _ in range(n)]

    def fork_masked(self, start: int, stop: int) -> LlamaCppSession:
        """See :meth:`probes.protocol.Session.fork_masked`."""
        check_span(start, stop, len(self.tokens))
        self._model.flush([self])
        return self._model.copy(self, without=(start, stop))

    def rollback(self, position: int) -> None:
        """See :meth:`probes.protocol.Session.rollback`.

        Raises:
            InputError: ``position`` lies outside of the session.
        """
        check_position(position, len(self.tokens))
        del self.tokens[position:]
        self._model.trim(self, max(position - 1, 0))

    def save(self, start: int, stop: int) -> bytes:
        """See :meth:`probes.protocol.Session.save`."""
        check_span(start, stop, len(self.tokens))
        self._model.flush([self])
        return self._model.cells.save(self.sequence, start, stop)

    def extend_saved(self, tokens: Sequence[int], cells: bytes) -> bool:
        """See :meth:`probes.protocol.Session.extend_saved`."""
        if self.tokens:
            self._model.flush([self])
        start = self.cached
        self.extend(tokens)
        return self._model.restore(self, (start, len(self.tokens) - 1), cells)

    def extend_blended(self, donor: Session, start: int, stop: int, *, fresh: int) -> int:
        """See :meth:`probes.protocol.Session.extend_blended`."""
        return extend_blended(self._model, self, donor, start, stop, fresh=fresh)

    def read(self, window: Sequence[int], layers: Sequence[int] = ()) -> State:
        """See :meth:`probes.protocol.Session.read`."""
        return self._model.read_many([(self, window)], layers)[0]

    def generate(self, sampling: Sampling) -> Iterator[int]:
        """See :meth:`probes.protocol.Session.generate`."""
        return self._model.generate(self, sampling)

    def close(self) -> None:
        """See :meth:`probes.protocol.Session.close`."""
        if not self._closed:
            self._closed = True
            self._model.release(self)

    def __enter__(self) -> LlamaCppSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
