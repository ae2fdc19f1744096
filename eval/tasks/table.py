"""A CSV of questions and answers about documents that are ingested already."""

from __future__ import annotations

import csv
from pathlib import Path

from overlay.errors import InputError
from overlay.labelled.items import Item

__all__ = ["read_table"]


def read_table(path: Path) -> list[Item]:
    """Read a CSV with the columns ``question`` and ``answer``; ``id`` and ``wrong_answer`` are
    optional. Several answers are separated by ``|``; none means that no document answers.

    Raises:
        InputError: the file is missing, a column is, or a row has no question; it names the row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            columns = list(rows[0]) if rows else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}", param="path") from error
    for column in ("question", "answer"):
        if column not in columns:
            raise InputError(
                f"{path} has no column {column!r}",
                hint=f"its columns are {', '.join(map(str, columns)) or 'none'}",
                param="path",
            )
    items = []
    for number, row in enumerate(rows, start=2):
        question = (row["question"] or "").strip()
        if not question:
            raise InputError(f"{path}, line {number}: question is empty", param="path")
        items.append(
            Item(
                id=(row.get("id") or f"line-{number}").strip(),
                dataset=path.stem,
                question=question,
                answers=_split(row["answer"]),
                passages=(),
                wrong_answers=_split(row.get("wrong_answer")),
            )
        )
    return items


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split("|") if part.strip())
