"""Line charts as geometry: where the template draws lines, points and ticks of inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Chart", "Line", "Point", "Tick", "line_chart"]

WIDTH, HEIGHT = 520.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 16.0, 12.0, 28.0
_FLAT = 1e-300
"""Values that lie closer together are drawn as one: parts of less can be 0 in double precision."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line, with the number it stands for."""

    x: float
    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``path`` is its points as SVG writes them."""

    name: str
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn, in a box of ``width`` by ``height``."""

    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def line_chart(series: Sequence[tuple[str, Sequence[float]]], labels: Sequence[str]) -> Chart:
    """Lines over the same steps, on one axis that holds all their values and zero.

    Args:
        series: name and values of each line; as many values as there are ``labels``.
        labels: what is written under each step.
    """
    every = [value for _, values in series for value in values]
    low, high, step = _axis(min([0.0, *every]), max([0.0, *every]))
    across = (WIDTH - LEFT - RIGHT) / max(1, len(labels) - 1)

    def x(index: int) -> float:
        return LEFT + index * across

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    digits = max(0, -math.floor(math.log10(step)))
    return Chart(
        lines=tuple(
            Line(name, tuple(Point(x(i), y(value), value) for i, value in enumerate(values)))
            for name, values in series
        ),
        x_ticks=tuple(Tick(x(i), label) for i, label in enumerate(labels)),
        y_ticks=tuple(
            Tick(y(low + i * step), f"{low + i * step + 0.0:.{digits}f}")
            for i in range(round((high - low) / step) + 1)
        ),
    )


def _axis(low: float, high: float) -> tuple[float, float, float]:
    """Ends and step of an axis with about four round steps that holds ``low`` to ``high``."""
    size = high - low
    if size < _FLAT:
        size = 1.0
    power = 10.0 ** math.floor(math.log10(size / 4))
    step = next(power * f for f in (1, 2, 5, 10) if power * f * 4 >= size * 0.999)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, max(top, bottom + step), step
