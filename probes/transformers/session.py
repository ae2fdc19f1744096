"""A transformers session: the tokens, and the cells that stand for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probes.blending import extend_blended
from probes.checks import check_position, check_span
from probes.protocol import Sampling, Session
from probes.state import State
from probes.transformers.cells import Cells, Span, clip, cut, filled
from probes.transformers.saved import load_cells, save_cells

if TYPE_CHECKING:
    from probes.transformers.model import TransformersModel

__all__ = ["TransformersSession"]


class TransformersSession:
    """See :class:`probes.protocol.Session`. Made by :meth:`TransformersModel.session`.

    The cells always lack at least the last token: that one is evaluated together with what is
    read after it, so reading again after a rollback never evaluates a token twice.
    """

    def __init__(
        self, model: TransformersModel, tokens: Sequence[int] = (), cells: Cells = ()
    ) -> None:
        self._model = model
        self.tokens = list(tokens)
        self.cells = cells

    @property
    def cached(self) -> int:
        """Tokens, from the first on, that have been evaluated."""
        return filled(self.cells)

    @property
    def pending(self) -> list[int]:
        """Tokens that have not been evaluated yet."""
        return self.tokens[self.cached :]

    def extend(self, tokens: Sequence[int]) -> None:
        """See :meth:`probes.protocol.Session.extend`."""
        self._model.check_length(len(self.tokens) + len(tokens))
        self.tokens.extend(tokens)

    def fork(self, n: int) -> list[TransformersSession]:
        """See :meth:`probes.protocol.Session.fork`."""
        self._model.flush([self])
        return [TransformersSession(self._model, self.tokens, self.cells) for _ in range(n)]

    def fork_masked(self, start: int, stop: int) -> TransformersSession:
        """See :meth:`probes.protocol.Session.fork_masked`."""
        check_span(start, stop, len(self.tokens))
        [twin] = self.fork(1)
        twin._see(cut(twin.cells, start, stop))
        return twin

    def rollback(self, position: int) -> None:
        """See :meth:`probes.protocol.Session.rollback`.

        Raises:
            InputError: ``position`` lies outside of the session.
        """
        check_position(position, len(self.tokens))
        del self.tokens[position:]
        if self.cached >= position:
            kept = max(position - 1, 0)
            self._see(clip(self.cells, kept), kept)

    def save(self, start: int, stop: int) -> bytes:
        """See :meth:`probes.protocol.Session.save`."""
        check_span(start, stop, len(self.tokens))
        self._model.flush([self])
        return save_cells(self.cells, start, stop)

    def extend_saved(self, tokens: Sequence[int], cells: bytes) -> bool:
        """See :meth:`probes.protocol.Session.extend_saved`."""
        if self.tokens:
            self._model.flush([self])
        start = self.cached
        self.extend(tokens)
        segment = load_cells(cells, start, len(self.tokens) - 1 - start, self._model.network.device)
        if segment is None:
            return False
        self.cells = (*self.cells, Span(segment, start, len(self.tokens) - 1))
        return True

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
        self.cells = ()

    def _see(self, cells: Cells, cached: int | None = None) -> None:
        """See these cells from now on, of ``cached`` tokens in all.

        Masked tokens at the end are dropped: the next cell must follow on the last one.
        """
        end = self.cached if cached is None else cached
        self.cells = cells
        del self.tokens[self.cached : end]

    def __enter__(self) -> TransformersSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
