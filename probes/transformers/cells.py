"""KV cells as immutable segments that sessions share by reference.

Forking a session copies a tuple. Rolling back and masking narrow what a session sees of a
segment; the segment itself never changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["Cells", "Segment", "Span", "clip", "cut", "filled", "gather"]


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

    @property
    def size(self) -> int:
        """How many cells there are."""
        return next((pair[0].shape[-2] for pair in self.layers if pair is not None), 0)


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


def gather(cells: Cells, start: int, stop: int) -> Segment:
    """A segment of its own with the cells at positions ``start`` to ``stop - 1``.

    Masked ones are not among them.
    """
    spans = [span for span in clip(cells, stop) if span.stop > start]
    layers = []
    for layer in range(len(spans[0].segment.layers)):
        parts = [
            (pair, slice(max(span.start, start) - origin, span.stop - origin))
            for span in spans
            if (pair := span.segment.layers[layer]) is not None
            for origin in (span.segment.start,)
        ]
        keys, values = ([pair[side][..., where, :] for pair, where in parts] for side in range(2))
        layers.append((torch.cat(keys, dim=-2), torch.cat(values, dim=-2)) if parts else None)
    return Segment(start, tuple(layers))
