"""KV cells as immutable segments that sessions share by reference.

Forking a session copies a tuple. Rolling back and masking narrow what a session sees of a
segment; the segment itself never changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["Cells", "Segment", "Span", "clip", "cut", "filled"]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Cells that were evaluated together, at consecutive positions.

    Attributes:
        start: position of the first cell.
        layers: per layer, keys and values ``[1, heads, cells, width of a head]``; None for a
            layer that keeps none of its own.
    """

    start: int
    layers: tuple[tuple[torch.Tensor, torch.Tensor] | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The cells of a segment at positions ``start`` to ``stop - 1``: what a session sees of it."""

    segment: Segment
    start: int
    stop: int


Cells = tuple[Span, ...]
"""What a session sees, ordered by position; gaps are masked tokens."""


def filled(cells: Cells) -> int:
    """The position after the last cell."""
    return cells[-1].stop if cells else 0


def clip(cells: Cells, position: int) -> Cells:
    """The cells before ``position``."""
    return tuple(
        span if span.stop <= position else Span(span.segment, span.start, position)
        for span in cells
        if span.start < position
    )


def cut(cells: Cells, start: int, stop: int) -> Cells:
    """The cells without positions ``start`` to ``stop - 1``."""
    behind = tuple(
        span if span.start >= stop else Span(span.segment, stop, span.stop)
        for span in cells
        if span.stop > stop
    )
    return clip(cells, start) + behind
