"""Rows that stand beside those that are asked for, and are dropped again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LEAST", "LEAST_ALONE", "Calls", "Padding", "balance", "even", "to_a_tile"]

# Kernels that multiply quantized weights take rows by fours, and what is left over, and fewer than
# eight, by others.
_GROUP, LEAST = 4, 8
LEAST_ALONE = 2
"""For one row alone, attention rounds by where its cells lie."""
_TILE = 64
# Measured on two cores: 8 to 64 rows behind 150 to 2400 cells, filled up and not, with 135 and 500
# million weights. So many rows as to_a_tile() says took as long either way, but for a fifth.
_WEIGHTS_A_CELL = 73
_FASTER_BY_TILES = 17


class Padding(StrEnum):
    """What calls are padded for.

    Attributes:
        NONE: nothing, as on a GPU.
        EXACT: so that a row rounds the same way to the last bit, whatever stands beside it.
        TILES: so that attention takes cells by tiles, which it does of 64 rows and more: of 32 rows
            with 650 cells before them it takes half of the time, of 63 a quarter.
    """

    NONE = "none"
    EXACT = "exact"
    TILES = "tiles"


@dataclass(frozen=True, slots=True)
class Calls:
    """How rows are put into calls.

    Attributes:
        rows: as many as go through the layers at once.
        padding: what calls are padded for.
        balanced: see :func:`balance`.
    """

    rows: int
    padding: Padding
    balanced: float


def even(rows: int, micro_batch: int, *, alone: bool) -> int:
    """How many rows are missing for the kernels to take all in the same way.

    Args:
        rows: of a call.
        micro_batch: rows that go through the layers at once.
        alone: nothing was to be evaluated beside these rows, and never is: two are enough.
    """
    rest = rows % micro_batch
    if not rest:
        return 0
    filled = LEAST_ALONE if alone else max(LEAST, rest + -rest % _GROUP)
    return max(0, filled - rest)


def balance(weights: int, layers: int, width: int) -> float:
    """Behind how many cells a row's attention takes as long as all that weights do, row by row."""
    return weights / (layers * width * _WEIGHTS_A_CELL)


def to_a_tile(rows: int, cells: float, balanced: float) -> int:
    """How many rows are missing for a tile, where it is worth while.

    Formula: worth it from ``64 (1 + c / 17 b) / (1 + c / b)`` rows on: a tile costs the weights of
        64 rows, and its attention a seventeenth of theirs

    Args:
        cells: c, before a row.
        balanced: b, see :func:`balance`.
    """
    share = cells / balanced
    worth = _TILE * (1 + share / _FASTER_BY_TILES) / (1 + share)
    return _TILE - rows if worth <= rows < _TILE else 0
