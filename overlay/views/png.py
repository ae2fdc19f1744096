"""A probe report as one picture: volatility map, trajectory, support matrix."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from overlay.views.colour import Scale, ink
from overlay.views.files import save
from overlay.views.heat_map import lifts, volatility_map
from overlay.views.missing import why
from overlay.views.numbers import number, shorten
from overlay.views.values import ANSWER_LOG_PROB, SUPPORT_MATRIX, TRAJECTORY_VALUES
from probes.report import ProbeReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save_png"]

_DPI = 150
_LINES = (("#c0561a", "-"), ("#2f6ba8", "--"), ("#4a4d53", ":"))
_INK, _SOFT = "#1c1d20", "#5b5f66"
_FONT = "DejaVu Sans"
_Cells = Sequence[Sequence[float | None]]


def save_png(report: ProbeReport, path: Path) -> None:
    """Draw ``report`` and write it to ``path``.

    Raises:
        InputError: the folder of ``path`` does not exist.
        ResourceError: the file cannot be written.
    """
    picture = io.BytesIO()
    # No pyplot: it keeps every figure, and a server draws in many threads.
    _draw(report).savefig(picture, format="png", dpi=_DPI, metadata={"Software": "Overlay"})
    save(path, picture.getvalue())


def _draw(report: ProbeReport) -> Figure:
    from matplotlib.figure import Figure

    k, rows = len(report.chunks), len(report.layers)
    left = max(4.0, 1.2 + 0.75 * k)
    right = (1.8, 1.5, 0.9 + 0.32 * (k + 1))
    high = max(sum(right) + 1.2, 0.26 * rows + 1.0)
    figure = Figure(figsize=(left + 6.5, high + 0.22 * k + 1.2), layout="constrained")
    figure.suptitle(
        _drawable([f"{report.question}\nAnswer: {report.answer}"], 110),
        x=0.01,
        ha="left",
        color=_INK,
        fontsize=12,
        parse_math=False,
        family=_FONT,
    )
    figure.supxlabel(
        _drawable([f"{i}  {chunk.label}" for i, chunk in enumerate(report.chunks, start=1)], 130),
        x=0.01,
        ha="left",
        color=_SOFT,
        fontsize=9,
        parse_math=False,
        family=_FONT,
    )
    grid = figure.add_gridspec(3, 2, width_ratios=(left, 6.5), height_ratios=right)
    _volatility(figure.add_subplot(grid[:, 0]), report)
    drifts = [(v.heading, [v.of(p) for p in report.trajectory]) for v in TRAJECTORY_VALUES]
    likelihood = (ANSWER_LOG_PROB.heading, [ANSWER_LOG_PROB.of(p) for p in report.trajectory])
    _lines(figure.add_subplot(grid[0, 1]), "Trajectory: drifts (bits) and entropy", drifts)
    _lines(figure.add_subplot(grid[1, 1]), "Answer log-probability (nats/token)", [likelihood])
    _support(figure.add_subplot(grid[2, 1]), report)
    return figure


def _volatility(axes: Axes, report: ProbeReport) -> None:
    heat = volatility_map(report)
    if heat is None:
        _title(axes, "Volatility map")
        _absent(axes, why(report, "hidden_drift"))
        return
    _title(axes, f"Volatility map: {heat.value.heading} ({heat.value.unit})")
    _grid(axes, heat.cells, heat.cells, heat.scale)
    axes.set_yticks(range(len(heat.layers)), [str(layer) for layer in heat.layers])
    axes.set_xticks(range(len(heat.columns)), [str(column) for column in heat.columns])
    axes.set_ylabel("layer", color=_SOFT)
    axes.set_xlabel("chunk", color=_SOFT)


def _support(axes: Axes, report: ProbeReport) -> None:
    _title(axes, f"Support matrix ({SUPPORT_MATRIX.unit}), coloured by the lift over no context")
    if not report.support_matrix:
        _absent(axes, why(report, SUPPORT_MATRIX.name))
        return
    gains = lifts(report)
    _grid(axes, report.support_matrix, gains, Scale.over(one for row in gains for one in row))
    k = len(report.chunks)
    axes.set_yticks(range(k + 1), ["no context", *(f"chunk {i}" for i in range(1, k + 1))])
    axes.set_xticks(range(k), [f"draft {i}" for i in range(1, k + 1)])


def _lines(axes: Axes, title: str, series: Sequence[tuple[str, Sequence[float]]]) -> None:
    _title(axes, title)
    for (name, values), (colour, dashes) in zip(series, _LINES, strict=False):
        axes.plot(values, color=colour, linestyle=dashes, marker="o", markersize=4, label=name)
    steps = len(series[0][1])
    axes.set_xticks(range(steps), ["no context", *(f"+{i}" for i in range(1, steps))][:steps])
    axes.grid(visible=True, axis="y", color="#dcdde0", linewidth=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=_SOFT)
    axes.set_axisbelow(True)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _grid(axes: Axes, cells: _Cells, colour_by: _Cells, scale: Scale) -> None:
    """Coloured cells with their numbers."""
    rows = [[scale.background(value) for value in row] for row in colour_by]
    channels = [[tuple(bytes.fromhex(colour[1:])) for colour in row] for row in rows]
    axes.imshow(channels, aspect="auto", interpolation="nearest")
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            axes.text(
                x, y, number(value), ha="center", va="center", fontsize=8, color=ink(rows[y][x])
            )
    axes.set_xticks([x - 0.5 for x in range(1, len(rows[0]))], minor=True)
    axes.set_yticks([y - 0.5 for y in range(1, len(rows))], minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0, labelsize=9, labelcolor=_SOFT)
    axes.spines[:].set_visible(False)


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=10, color=_INK)


def _absent(axes: Axes, text: str) -> None:
    axes.axis("off")
    axes.text(
        0.0,
        1.0,
        _drawable([fill(text, 40)], 400),
        va="top",
        color=_SOFT,
        style="italic",
        transform=axes.transAxes,
        parse_math=False,
        family=_FONT,
    )


def _drawable(lines: Sequence[str], width: int) -> str:
    """Texts with a box for each character that the font has not: Matplotlib ships no emoji."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont(_FONT)).get_charmap()
    cut = [shorten(line, width) for text in lines for line in text.splitlines()]
    return "\n".join("".join(c if ord(c) in known else "□" for c in line) for line in cut)
