"""Cells that were computed behind another text, put into a session: what both backends do alike.

Source: Yao et al., 2024, arXiv 2405.16444 (CacheBlend)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from probes.checks import check_part
from probes.protocol import Session

__all__ = ["Grafting", "extend_blended"]


class Grafting(Protocol):
    """A model that can copy cells from one session to another place of another one."""

    def flush(self, sessions: Sequence[Session]) -> None:
        """See :meth:`probes.protocol.Model.flush`."""

    def graft(self, session: Session, donor: Session, start: int, stop: int) -> bool:
        """Copy cells ``start`` to ``stop - 1`` of ``donor`` to the next positions of ``session``.

        Returns:
            Whether it could be done.
        """


def extend_blended(
    model: Grafting, session: Session, donor: Session, start: int, stop: int, *, fresh: int
) -> int:
    """See :meth:`probes.protocol.Session.extend_blended`."""
    check_part(start, stop, len(donor.tokens))
    tokens = donor.tokens[start:stop]
    # The last token of a session is pending: one more makes it, and the fresh ones, cells.
    known = min(fresh + 1, len(tokens))
    session.extend(tokens[:known])
    model.flush([session, donor])
    first, last = start + known - 1, stop - 1
    taken = last - first if first < last and model.graft(session, donor, first, last) else 0
    session.extend(tokens[known:])
    return taken
