"""Rows of cells as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

__all__ = ["markdown_table"]


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """A pipe table, its header the first row with text; empty where no cell has text.

    Args:
        rows: of cells; they may differ in length. Rows and columns without text are left out.
    """
    filled = [row for row in ([_tidy(cell) for cell in row] for row in rows) if any(row)]
    columns = [column for column in zip_longest(*filled, fillvalue="") if any(column)]
    lines = [f"| {' | '.join(row)} |" for row in zip(*columns, strict=True)]
    return "\n".join([*lines[:1], f"|{' --- |' * len(columns)}", *lines[1:]]) if lines else ""


def _tidy(cell: str) -> str:
    return " ".join(cell.split()).replace("|", r"\|")
