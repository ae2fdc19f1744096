"""A session of a model that several policies share: what it holds, and nothing in a cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from eval.policies.kept_sessions import NOTHING, Holding, Masked
from probes.checks import check_part, check_position, check_span
from probes.errors import UnavailableError
from probes.protocol import Sampling, Session
from probes.state import State

if TYPE_CHECKING:
    from eval.policies.shared_model import SharedModel

__all__ = ["SharedSession"]


class SharedSession:
    """See :class:`probes.protocol.Session`: tokens, and how many of them were charged."""

    def __init__(self, model: SharedModel, holding: Holding = NOTHING, cached: int = 0) -> None:
        self._model = model
        self._masked = holding.masked
        self.tokens = list(holding.tokens)
        self.cached = cached

    @property
    def holding(self) -> Holding:
        """What the session says depends on."""
        return Holding(tuple(self.tokens), self._masked)

    def extend(self, tokens: Sequence[int]) -> None:
        """See :meth:`probes.protocol.Session.extend`."""
        self._model.check_length(len(self.tokens) + len(tokens))
        self.tokens.extend(tokens)

    def fork(self, n: int) -> list[SharedSession]:
        """See :meth:`probes.protocol.Session.fork`."""
        self._model.flush([self])
        return [SharedSession(self._model, self.holding, self.cached) for _ in range(n)]

    def fork_masked(self, start: int, stop: int) -> SharedSession:
        """See :meth:`probes.protocol.Session.fork_masked`."""
        check_span(start, stop, len(self.tokens))
        [twin] = self.fork(1)
        twin._masked = (*self._masked, Masked(len(self.tokens), start, stop))
        twin._close_hole()
        return twin

    def rollback(self, position: int) -> None:
        """See :meth:`probes.protocol.Session.rollback`."""
        check_position(position, len(self.tokens))
        del self.tokens[position:]
        self.cached = min(self.cached, max(position - 1, 0))
        self._masked = tuple(
            one._replace(held=min(one.held, position))
            for one in self._masked
            if one.start < position
        )
        self._close_hole()

    def _close_hole(self) -> None:
        """Drop what is masked right before the last token, as every backend does."""
        for one in sorted(self._masked, key=lambda one: -one.start):
            last = len(self.tokens) - 1
            if one.stop >= last:
                del self.tokens[min(one.start, last) : last]
                self.cached = min(self.cached, len(self.tokens) - 1)
                left = (other for other in self._masked if other != one)
                self._masked = tuple(
                    other._replace(held=min(other.held, len(self.tokens))) for other in left
                )

    def save(self, start: int, stop: int) -> bytes:
        """Refused: a shared session has no cells of its own.

        Raises:
            UnavailableError: always, but for a span that cannot be saved at all.
        """
        check_span(start, stop, len(self.tokens))
        raise UnavailableError("a shared model saves nothing: use the model itself")

    def extend_saved(self, tokens: Sequence[int], cells: bytes) -> bool:  # noqa: ARG002 - protocol
        """See :meth:`probes.protocol.Session.extend_saved`. The cells are never used."""
        self.extend(tokens)
        return False

    def extend_blended(
        self,
        donor: Session,
        start: int,
        stop: int,
        *,
        fresh: int,  # noqa: ARG002 - protocol
    ) -> int:
        """Refused: what blended cells say does not depend on a session's tokens alone.

        Raises:
            UnavailableError: always, but for a span that the other session does not hold.
        """
        check_part(start, stop, len(donor.tokens))
        raise UnavailableError(
            "policies that share a model cannot reuse blended cells",
            hint="measure with `overlay lab blending`",
        )

    def read(self, window: Sequence[int], layers: Sequence[int] = ()) -> State:
        """See :meth:`probes.protocol.Session.read`."""
        return self._model.read_many([(self, window)], layers)[0]

    def generate(self, sampling: Sampling) -> Iterator[int]:
        """See :meth:`probes.protocol.Session.generate`. Charged to its end, however far read."""
        for token in self._model.generated(self, sampling):
            self.cached = len(self.tokens)
            self.tokens.append(token)
            yield token

    def close(self) -> None:
        """See :meth:`probes.protocol.Session.close`."""

    def __enter__(self) -> SharedSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
