"""A chunk's text for the terminal, its tokens coloured by what they do to the answer."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from overlay.views.colour import Scale
from overlay.views.missing import why
from overlay.views.numbers import number, printable, shorten
from overlay.views.terminal_grid import paint
from overlay.views.tokens import named, strongest, token_scale
from overlay.views.values import TOKEN_VALUES, Value
from probes.report import ChunkProbe, ProbeReport, TokenProbe

__all__ = ["token_views"]

_BY_NAME = {value.name: value for value in TOKEN_VALUES}
_COLOURED = tuple(_BY_NAME[name] for name in ("token_grad", "token_removal"))
_MUTATION = _BY_NAME["mutation"]
_STRONGEST = 5


def token_views(report: ProbeReport) -> list[list[RenderableType]]:
    """For each chunk its text by TokenGrad and by removal, with the strongest tokens named."""
    scales = {value.name: token_scale(report, value) for value in TOKEN_VALUES}
    views: list[list[RenderableType]] = []
    for chunk in report.chunks:
        parts: list[RenderableType] = []
        for value in _COLOURED:
            if strongest(chunk, value):
                table = _table()
                table.add_row(value.heading, _coloured(chunk, value, scales[value.name]))
                table.add_row("strongest", _strongest(chunk, value, scales[value.name]))
                parts.append(table)
            else:
                reason = (
                    why(report, value.name)
                    if value.name in report.unavailable
                    else "none here, the most influential sentences come first."
                )
                parts.append(Text(f"{value.heading}: {reason}", style="italic"))
        if strongest(chunk, _MUTATION):
            table = _table()
            table.add_row(_MUTATION.heading, _strongest(chunk, _MUTATION, scales[_MUTATION.name]))
            parts.append(table)
        views.append(parts)
    return views


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=9, style="dim")
    table.add_column(ratio=1, overflow="fold")
    return table


def _coloured(chunk: ChunkProbe, value: Value[TokenProbe, float | None], scale: Scale) -> Text:
    text = Text(overflow="fold")
    for token in chunk.tokens:
        text.append(printable(token.text), style=paint(scale, value.of(token)))
    return text


def _strongest(chunk: ChunkProbe, value: Value[TokenProbe, float | None], scale: Scale) -> Table:
    """The strongest tokens side by side, each above its number."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    tokens = strongest(chunk, value, _STRONGEST)
    for _ in range(_STRONGEST):
        table.add_column(ratio=1, overflow="fold")
    table.add_row(
        *(
            Text(f"{shorten(named(token, value), 24)}\n")
            + Text(f"{scale.shade(value.of(token))} {number(value.of(token))}", style="bold")
            for token in tokens
        )
    )
    return table
