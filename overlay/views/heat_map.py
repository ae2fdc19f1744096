"""Layers by columns: the numbers of a heat map, for any view to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from overlay.views.colour import Scale
from overlay.views.values import LAYER_VALUES, STEP_HIDDEN, Value
from probes.report import ProbeReport

__all__ = ["HeatMap", "lifts", "step_map", "volatility_map"]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Numbers in a grid.

    Attributes:
        value: what they are.
        layers: of each row.
        columns: numbers of the chunks, from 1.
        cells: ``[row][column]``; None where nothing could be read.
        scale: their colours.
    """

    value: Value[Any, tuple[float, ...]]
    layers: tuple[int, ...]
    columns: tuple[int, ...]
    cells: tuple[tuple[float | None, ...], ...]
    scale: Scale


def volatility_map(report: ProbeReport) -> HeatMap | None:
    """What each chunk alone moves in each layer: standardised where that is known.

    Returns:
        None where no layer could be read.
    """
    standardised, cosine, _ = LAYER_VALUES
    for value in (standardised, cosine):
        columns = [value.of(chunk) for chunk in report.chunks]
        if all(columns):
            return _heat_map(value, report.layers, columns)
    columns = [cosine.of(chunk) for chunk in report.chunks]
    return _heat_map(cosine, report.layers, columns) if any(columns) else None


def step_map(report: ProbeReport) -> HeatMap | None:
    """What each further chunk moves in each layer; None where no layer could be read."""
    columns = [STEP_HIDDEN.of(point) for point in report.trajectory[1:]]
    return _heat_map(STEP_HIDDEN, report.layers, columns) if any(columns) else None


def lifts(report: ProbeReport) -> tuple[tuple[float, ...], ...]:
    """What each row of the support matrix adds to each draft over no context."""
    if not report.support_matrix:
        return ()
    first = report.support_matrix[0]
    return tuple(
        tuple(m - base for m, base in zip(row, first, strict=True)) for row in report.support_matrix
    )


def _heat_map(
    value: Value[Any, tuple[float, ...]],
    layers: tuple[int, ...],
    columns: list[tuple[float, ...]],
) -> HeatMap | None:
    if not layers:
        return None
    cells = tuple(
        tuple(column[row] if column else None for column in columns) for row in range(len(layers))
    )
    return HeatMap(
        value=value,
        layers=layers,
        columns=tuple(range(1, len(columns) + 1)),
        cells=cells,
        scale=Scale.over(cell for row in cells for cell in row),
    )
