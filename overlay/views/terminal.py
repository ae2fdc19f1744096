"""A probe report for the terminal: readable at 80 columns, and without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from overlay.views.colour import Scale
from overlay.views.heat_map import lifts, step_map, volatility_map
from overlay.views.missing import missing, why
from overlay.views.numbers import number, printable, shorten
from overlay.views.terminal_grid import Row, blocks, cell, heat_map
from overlay.views.terminal_tokens import token_views
from overlay.views.values import (
    ANSWER_LOG_PROB,
    CHUNK_VALUES,
    SENTENCE_VALUES,
    SUPPORT_MATRIX,
    TRAJECTORY_VALUES,
    VARIANT_VALUES,
    Value,
)
from probes.report import ChunkProbe, ProbeReport

__all__ = ["report_view"]


def report_view(report: ProbeReport) -> Group:
    """Everything that ``report`` holds, in sections; chunks are numbered from 1."""
    return Group(
        _head(report),
        *_section("Chunks", _chunks(report)),
        *_section("Volatility map", *_volatility(report)),
        *_section("Readings", *_readings(report)),
        *_section("Tokens and sentences", *_texts(report)),
        *_section("Support matrix", *_support(report)),
        *_section("Trajectory", *_trajectory(report)),
        *_section("Variants", *_variants(report)),
        *_section("Unavailable", _unavailable(report)),
        *_section("Cost", _cost(report)),
    )


def _section(title: str, *parts: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold underline"), *parts]


def _note(text: str) -> Text:
    return Text(text, style="italic")


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", max_width=24, overflow="fold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(printable(name)), Text(printable(text)))
    return table


def _head(report: ProbeReport) -> Table:
    return _pairs(
        (
            ("question", report.question),
            ("answer", report.answer),
            ("without context", report.baseline),
            ("model", f"{report.model}, {report.backend}, {report.sha256[:12]}"),
        )
    )


def _chunks(report: ProbeReport) -> RenderableType:
    if not report.chunks:
        return _note("None.")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right")
    table.add_column("chunk", ratio=1, overflow="fold")
    table.add_column("draft under this chunk alone", ratio=2, overflow="fold")
    for index, chunk in enumerate(report.chunks, start=1):
        table.add_row(str(index), Text(printable(chunk.label)), Text(printable(chunk.draft)))
    return table


def _volatility(report: ProbeReport) -> list[RenderableType]:
    heat = volatility_map(report)
    if heat is None:
        return [_note(why(report, "hidden_drift"))]
    value = heat.value
    return [
        _note(f"{value.heading} of each layer (row) by chunk (column), {value.unit}"),
        *heat_map(heat),
    ]


def _readings(report: ProbeReport) -> list[RenderableType]:
    rows: list[Row] = []
    for value in CHUNK_VALUES:
        numbers = [value.of(chunk) for chunk in report.chunks]
        scale = Scale.beside(numbers)
        head = Text.assemble(value.heading, (f" {value.unit}", "dim"))
        rows.append((head, [cell(scale, one) for one in numbers]))
    return blocks("reading", [str(i + 1) for i in range(len(report.chunks))], rows)


def _texts(report: ProbeReport) -> list[RenderableType]:
    parts: list[RenderableType] = []
    views = token_views(report)
    for index, chunk in enumerate(report.chunks):
        if index:
            parts.append(Text())
        parts.append(Text(f"{index + 1}  {shorten(chunk.label, 70)}", style="bold"))
        parts += views[index]
        parts += _sentences(report, chunk)
    return parts


def _sentences(report: ProbeReport, chunk: ChunkProbe) -> list[RenderableType]:
    if not chunk.sentences:
        return [_note("Sentences: " + why(report, "sentences"))]
    _, share = SENTENCE_VALUES
    scale = Scale.over(share.of(s) for c in report.chunks for s in c.sentences)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    table.add_column("share", justify="right", width=8)
    table.add_column("removal", justify="right", width=7)
    table.add_column("sentence", ratio=1, overflow="fold")
    for sentence in chunk.sentences:
        table.add_row(
            cell(scale, sentence.share),
            number(sentence.removal),
            Text(printable(sentence.text.strip())),
        )
    return [table]


def _support(report: ProbeReport) -> list[RenderableType]:
    if not report.support_matrix:
        return [_note(why(report, SUPPORT_MATRIX.name))]
    gains = lifts(report)
    scale = Scale.over(one for row in gains for one in row)
    rows: list[Row] = [
        (
            Text("no context" if not index else f"chunk {index}"),
            [cell(scale, m, colour_by=g) for m, g in zip(row, gains[index], strict=True)],
        )
        for index, row in enumerate(report.support_matrix)
    ]
    note = f"{SUPPORT_MATRIX.meaning}, {SUPPORT_MATRIX.unit}"
    return [
        _note(note[0].upper() + note[1:]),
        *blocks("context / draft of", [str(i + 1) for i in range(len(report.chunks))], rows),
    ]


def _trajectory(report: ProbeReport) -> list[RenderableType]:
    values: tuple[Value[Any, float], ...] = (*TRAJECTORY_VALUES, ANSWER_LOG_PROB)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("context", overflow="fold")
    for value in values:
        unit = f"\n{value.unit}" if value.unit else ""
        table.add_column(Text(value.heading + unit), justify="right", min_width=8)
    scale = Scale.over(v.of(point) for v in TRAJECTORY_VALUES for point in report.trajectory)
    for index, point in enumerate(report.trajectory):
        label = shorten(point.label, 30)
        table.add_row(
            Text(f"+{index}  {label}" if index else label),
            *(cell(scale, value.of(point)) for value in TRAJECTORY_VALUES),
            number(point.answer_log_prob),
        )
    ratio = number(report.path_ratio) if report.path_ratio is not None else "- (back at its start)"
    parts: list[RenderableType] = [table, Text(f"path ratio {ratio}")]
    heat = step_map(report)
    if heat is not None:
        what = f"\n{heat.value.heading} of each layer (row) by added chunk (column), "
        parts += [_note(what + heat.value.unit), *heat_map(heat, head="+")]
    return parts


def _variants(report: ProbeReport) -> list[RenderableType]:
    if not report.variants:
        return [_note(why(report, "dispersion"))]
    (drift,) = VARIANT_VALUES
    scale = Scale.over(drift.of(variant) for variant in report.variants)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    table.add_column("variant", ratio=2, overflow="fold")
    table.add_column("drift\nbits", justify="right", width=8)
    table.add_column("log-prob.\nnats/token", justify="right", width=10)
    table.add_column("draft", ratio=3, overflow="fold")
    for variant in report.variants:
        table.add_row(
            Text(printable(variant.name)),
            cell(scale, variant.drift),
            number(variant.answer_log_prob),
            Text(printable(variant.draft)),
        )
    return [table, Text(f"dispersion {number(report.dispersion)} bits")]


def _unavailable(report: ProbeReport) -> RenderableType:
    return _pairs(missing(report)) if missing(report) else Text("Nothing: every probe was read.")


def _cost(report: ProbeReport) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for phase, tokens in report.evaluated.items():
        table.add_row(Text(printable(phase)), f"{tokens:,}")
    table.add_row(
        Text("all, tokens evaluated", style="bold"), f"{sum(report.evaluated.values()):,}"
    )
    return table
