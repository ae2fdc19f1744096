"""Colours of numbers: one scale, warm above zero and blue below, the same in every view."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["STOPS", "Scale", "ink"]

# Told apart by the colour-blind too, and darker with size on both sides.
STOPS = (
    "#123f70",
    "#2f6ba8",
    "#6fa0cd",
    "#bcd3e8",
    "#faf8f4",
    "#fcd9a6",
    "#f0a052",
    "#c0561a",
    "#742a08",
)
_SHADES = " ░▒▓█"


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours of the numbers up to ``limit`` in size; those beyond get the last colour.

    Attributes:
        limit: infinity for a scale on which nothing is coloured.
        signed: whether there are numbers below zero, for a legend.
        power: 1 for colours in proportion to the numbers; below it small numbers get more.
    """

    limit: float
    signed: bool = True
    power: float = 1.0

    @classmethod
    def over(cls, values: Iterable[float | None], power: float = 1.0) -> Scale:
        """The scale that the largest of ``values``, by size, fills."""
        known = [v for v in values if v is not None and math.isfinite(v)]
        limit = max(map(abs, known), default=0.0)
        return cls(limit, signed=any(v < 0 for v in known), power=power)

    @classmethod
    def beside(cls, values: Sequence[float | None], headroom: float = 1.0) -> Scale:
        """The scale of a row of a table: without colour where nothing stands beside.

        Args:
            headroom: above 1 for paler colours; the last one is then for no number.
        """
        if len(values) < 2:
            return cls(math.inf)
        return cls(cls.over(values).limit * headroom)

    def position(self, value: float | None) -> float:
        """-1 to 1; 0 for no number."""
        if value is None or math.isnan(value) or not value:
            return 0.0
        size = min(1.0, abs(value) / self.limit) if self.limit else 1.0
        return math.copysign(size**self.power, value)

    def background(self, value: float | None) -> str:
        """A colour as ``#rrggbb``."""
        place = (self.position(value) + 1) / 2 * (len(STOPS) - 1)
        below = min(int(place), len(STOPS) - 2)
        part = place - below
        pairs = zip(_channels(STOPS[below]), _channels(STOPS[below + 1]), strict=True)
        return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in pairs)

    def shade(self, value: float | None) -> str:
        """A character that is the fuller, the larger the number, for where no colour is."""
        return _SHADES[math.ceil(abs(self.position(value)) * (len(_SHADES) - 1) - 0.5)]

    def legend(self, steps: int = 8) -> list[float]:
        """Numbers from one end of the scale to the other."""
        first = -steps if self.signed else 0
        return [self.limit * i / steps for i in range(first, steps + 1)]

    def style(self, value: float | None) -> str:
        """The colours as a CSS declaration; empty where the scale has none."""
        if math.isinf(self.limit):
            return ""
        background = self.background(value)
        return f"background:{background};color:{ink(background)}"


def ink(background: str) -> str:
    """Black or white, whichever reads better on ``background`` (WCAG contrast)."""
    luminance = _luminance(background)
    on_dark, on_light = 1.05 / (luminance + 0.05), (luminance + 0.05) / (_DARK + 0.05)
    return "#ffffff" if on_dark > on_light else _INK


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2, 0 to 1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


_INK = "#000000"
_DARK = _luminance(_INK)
