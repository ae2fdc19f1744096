"""Question files that bring their chunks: one question a line, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from overlay.errors import InputError
from overlay.labelled.items import Item, Kind, Passage

__all__ = ["read_given", "read_questions"]

_KINDS = {
    "gold": Kind.HELPFUL,
    "distractor": Kind.IRRELEVANT,
    "counterfactual": Kind.CONTRADICTING,
    "poison": Kind.POISONED,
    "injection": Kind.INJECTED,
}


class _Chunk(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    kind: Literal["gold", "distractor", "counterfactual", "poison", "injection"] | None = None
    source: str = ""


class _Meta(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    wrong_answers: list[str] = []
    target: str | None = None
    clean_text: str | None = None
    style: str = ""


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: str
    answers: list[str]
    chunks: list[_Chunk]
    dataset: str | None = None
    meta: _Meta = _Meta()


def read_questions(paths: Sequence[Path]) -> list[list[Item]]:
    """Read several files, one list a file.

    Raises:
        InputError: see :func:`read_given`.
    """
    return [read_given(path) for path in paths]


def read_given(path: Path) -> list[Item]:
    """Read one file.

    Raises:
        InputError: the file is missing, or a line is not such a question; it names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", param="files") from error
    return [_item(path, number, line) for number, line in enumerate(lines, start=1)]


def _item(path: Path, number: int, line: str) -> Item:
    try:
        row = _Line.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise InputError(f"{path}:{number}: {place}: {problem['msg']}", param="files") from error
    return Item(
        id=row.id,
        dataset=row.dataset or path.stem,
        question=row.question,
        answers=tuple(row.answers),
        passages=tuple(
            Passage(c.text, _KINDS[c.kind] if c.kind else Kind.UNKNOWN, c.source)
            for c in row.chunks
        ),
        wrong_answers=tuple(row.meta.wrong_answers),
        target=row.meta.target,
        clean_text=row.meta.clean_text,
        style=row.meta.style,
    )
