"""A probe report as CSV: one number a line."""

from __future__ import annotations

import csv
import io

from overlay.views.values import CHUNK_VALUES, LAYER_VALUES
from probes.report import ProbeReport

__all__ = ["COLUMNS", "to_csv"]

COLUMNS = ("chunk", "label", "probe", "layer", "value", "unit")


def to_csv(report: ProbeReport) -> str:
    """Every value of every chunk, with :data:`COLUMNS` as the first line.

    ``chunk`` counts from 1 (labels may repeat); ``layer`` is empty for a value of the whole
    chunk, and ``value`` where it could not be computed. Numbers are written in full.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for index, chunk in enumerate(report.chunks, start=1):
        for value in CHUNK_VALUES:
            writer.writerow((index, chunk.label, value.name, None, value.of(chunk), value.unit))
        for per_layer in LAYER_VALUES:
            numbers = per_layer.of(chunk)
            for layer, one in zip(report.layers, numbers, strict=bool(numbers)):
                writer.writerow((index, chunk.label, per_layer.name, layer, one, per_layer.unit))
    return text.getvalue()
