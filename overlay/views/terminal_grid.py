"""Coloured numbers in a grid for the terminal, broken into blocks of columns that fit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from overlay.views.colour import Scale, ink
from overlay.views.heat_map import HeatMap
from overlay.views.numbers import number

__all__ = ["Row", "blocks", "cell", "heat_map", "paint"]

Row = tuple[Text, list[Text]]

_COLUMNS = 5  # beside the longest row head this fills 80 columns


def paint(scale: Scale, value: float | None) -> Style:
    """The colours of ``value``; none for what is missing."""
    if value is None:
        return Style.null()
    background = scale.background(value)
    return Style(color=ink(background), bgcolor=background)


def cell(scale: Scale, value: float | None, *, colour_by: float | None = None) -> Text:
    """A number with its colour and, for where there is none, a shading character."""
    by = value if colour_by is None else colour_by
    return Text(f"{scale.shade(by)}{number(value):>7}", style=paint(scale, by))


def blocks(
    corner: str, heads: Sequence[str], rows: Sequence[Row], columns: int = _COLUMNS
) -> list[RenderableType]:
    """Tables of at most ``columns`` columns with the same rows."""
    return [
        _block(corner, heads, rows, range(start, min(start + columns, len(heads))))
        for start in range(0, len(heads), columns)
    ]


def heat_map(heat: HeatMap, head: str = "") -> list[RenderableType]:
    """Layers as rows, chunks as columns; ``head`` stands before each chunk's number."""
    rows: list[Row] = [
        (Text(str(layer)), [cell(heat.scale, one) for one in numbers])
        for layer, numbers in zip(heat.layers, heat.cells, strict=True)
    ]
    return blocks("layer", [f"{head}{column}" for column in heat.columns], rows, columns=8)


def _block(corner: str, heads: Sequence[str], rows: Sequence[Row], which: range) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(corner, min_width=5, overflow="fold")
    for index in which:
        table.add_column(heads[index], justify="right", min_width=8, no_wrap=True)
    for row_head, cells in rows:
        table.add_row(row_head, *(cells[index] for index in which))
    return table
