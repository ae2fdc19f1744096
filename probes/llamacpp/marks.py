"""Which cells of the cache hold which positions of a sequence, told by who may see them.

llama.cpp does not say in which cell a token lies. But it masks each row, and a row of a sequence
of its own sees the cells of that sequence alone. So the positions are cut where spans begin and
end, each part gets a number, and there is one such row for each binary digit of the numbers: its
sequence has the cells of the parts whose number has that digit. What these rows see together
spells the number of each cell's part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from probes.errors import ModelError
from probes.state import FloatArray

__all__ = ["Marks"]

_Seen = NDArray[np.bool_]
_Numbers = NDArray[np.int64]


class Marks:
    """Numbers for the parts of the positions before a row, and spans as sets of parts.

    Args:
        spans: ``start`` and ``stop`` of positions ``start`` to ``stop - 1``.
        position: of the first row of each session that looks; spans may hold it, but nothing
            behind it.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], position: int) -> None:
        ends = {0, position, *(min(end, position) for span in spans for end in span)}
        cuts = sorted(ends)
        parts = list(pairwise(cuts))
        digits = len(parts).bit_length()
        self._own = 2**digits
        numbers = list(range(1, len(parts) + 1))
        if parts:
            # A row has to follow on its sequence's last cell: all have the last part.
            numbers[-1] = self._own - 1
        self.sequences: list[list[tuple[int, int]]] = [
            _joined(
                part for part, number in zip(parts, numbers, strict=True) if number >> digit & 1
            )
            for digit in range(digits)
        ]
        """The positions whose cells each marking row's sequence has, as ``start`` and ``stop``."""
        first, last = np.array([*parts, (position, position + 1)]).T[:, :, None]
        start, stop = np.array(spans).T
        self._members = np.zeros((self._own + 1, len(spans)), dtype=np.float32)
        self._members[[*numbers, self._own]] = (start <= first) & (last <= stop)

    def numbers(self, marking: _Seen) -> _Numbers:
        """The number of each cell's part; 0 of cells that hold none of these positions.

        Args:
            marking: ``[rows, cells]``: what the marking rows see.
        """
        digits = 1 << np.arange(len(marking), dtype=np.int64)
        found: _Numbers = digits @ marking.astype(np.int64)
        return found

    def with_own(self, numbers: _Numbers, first: _Seen) -> _Numbers:
        """The same with the number of the cell of a row that looks at its own position, too.

        Args:
            first: ``[cells]``: what that row sees, itself among it and nothing behind it.

        Raises:
            ModelError: its own cell cannot be told from others.
        """
        later = np.zeros(len(first) - len(numbers), dtype=np.int64)
        found: _Numbers = np.concatenate([numbers, later])
        [own] = np.nonzero(first & (found == 0))
        if len(own) != 1:
            raise ModelError(f"{len(own)} cells of the cache could be the last token's")
        found[own] = self._own
        return found

    def inside(self, numbers: _Numbers, cells: int) -> FloatArray:
        """``[cells, spans]``: 1 where a cell is inside of a span, else 0.

        Args:
            cells: how many there are by now; the later ones are inside of none.
        """
        members = self._members[numbers]
        later = np.zeros((cells - len(numbers), members.shape[1]), dtype=np.float32)
        return np.concatenate([members, later])


def _joined(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same positions in fewer parts: those that follow on each other are one."""
    found: list[tuple[int, int]] = []
    for start, stop in parts:
        first = found.pop()[0] if found and found[-1][1] == start else start
        found.append((first, stop))
    return found
