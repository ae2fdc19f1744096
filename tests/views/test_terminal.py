"""The terminal view, as text: colours add nothing that the characters don't say."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from overlay.views.notebook import ProbeView
from overlay.views.numbers import number
from overlay.views.terminal import report_view
from overlay.views.values import CHUNK_VALUES
from probes.report import ProbeReport
from tests.views.sample import bare, many, sample

REPORTS = {"full": sample, "bare": bare, "many": many}


def text(report: ProbeReport, width: int = 80, *, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        legacy_windows=False,
    )
    console.print(report_view(report))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def section(shown: str, title: str) -> list[str]:
    lines = shown.splitlines()
    start = next(i for i, line in enumerate(lines) if line.rstrip() == title) + 1
    return lines[start : lines.index("", start) if "" in lines[start:] else None]


def numbers(line: str, head: str) -> list[str]:
    """What a line of a grid says behind its head, without shading characters."""
    assert line.startswith(head), line
    return [word for word in line.removeprefix(head).split() if word not in "░▒▓█"]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_is_too_long(name: str, width: int) -> None:
    for line in text(REPORTS[name](), width).splitlines():
        assert cell_len(line) <= width, line


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_no_information(name: str) -> None:
    coloured = text(REPORTS[name](), colour=True)
    assert "\x1b[" in coloured
    assert Text.from_ansi(coloured).plain.split() == text(REPORTS[name]()).split()


def test_readings_are_the_report_s() -> None:
    report = sample()
    lines = section(text(report), "Readings")[1:]
    assert len(lines) == len(CHUNK_VALUES)
    for value, line in zip(CHUNK_VALUES, lines, strict=True):
        head = " ".join(filter(None, (value.heading, value.unit)))
        assert numbers(line, head) == [number(value.of(chunk)) for chunk in report.chunks]


def test_the_volatility_map_is_the_report_s() -> None:
    report = sample()
    lines = section(text(report), "Volatility map")[2:]
    assert len(lines) == len(report.layers)
    columns = [chunk.reading.hidden_standardised or () for chunk in report.chunks]
    for layer, line, row in zip(report.layers, lines, zip(*columns, strict=True), strict=True):
        assert numbers(line, str(layer)) == [number(one) for one in row]


def test_the_support_matrix_is_the_report_s() -> None:
    report = sample()
    lines = section(text(report), "Support matrix")[3:]
    heads = ("no context", "chunk 1", "chunk 2", "chunk 3")
    for head, line, row in zip(heads, lines, report.support_matrix, strict=True):
        assert numbers(line, head) == [number(one) for one in row]


def test_no_column_is_lost_with_many_chunks() -> None:
    report = many()
    lines = section(text(report), "Readings")
    for value in CHUNK_VALUES:
        head = " ".join(filter(None, (value.heading, value.unit)))
        found = [
            number for line in lines if line.startswith(head) for number in numbers(line, head)
        ]
        assert found == [number(value.of(chunk)) for chunk in report.chunks]


def test_texts_are_neither_markup_nor_escapes() -> None:
    shown = text(sample())
    assert "\x1b" not in shown
    assert "[bold]not markup[/bold] �[31mred 🏔️ 小屋" in shown
    assert "<script>alert(1)</script>" in shown


def test_what_is_missing_is_named() -> None:
    shown = text(bare())
    assert "Not available: this backend shows no hidden states" in shown
    assert "influence_gradient" in shown
    assert "computes no gradients" in shown
    assert "support_max (chunk 1)" in shown


def test_a_notebook_view_prints_the_same() -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(ProbeView(sample()))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == text(sample())
