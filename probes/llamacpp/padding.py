"""Rows that stand beside those that are asked for, and are dropped again."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LEAST", "LEAST_ALONE", "Padding", "even", "to_a_tile"]

# Kernels that multiply quantized weights take rows by fours, and what is left over, and fewer than
# eight, by others.
_GROUP, LEAST = 4, 8
LEAST_ALONE = 2
"""For one row alone, attention rounds by where its cells lie."""
_TILE = 64
_WORTH_A_TILE = 28
"""Below, a tile's rows take longer than the few would one by one: with 500 cells before them on two
cores, from 17 (135 million weights) to 30 rows (500 million)."""


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


def to_a_tile(rows: int) -> int:
    """How many rows are missing for a tile, where it is worth while."""
    return _TILE - rows if _WORTH_A_TILE <= rows < _TILE else 0
