"""Labelled questions with their chunks given, in the schema of the project's question sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from overlay.errors import InputError

__all__ = ["GivenChunk", "GivenQuestion", "read_questions"]


class GivenChunk(BaseModel):
    """A chunk that comes with its question; ``kind`` says what it is good for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    kind: str


class GivenQuestion(BaseModel):
    """A question with accepted answers and its chunks."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: str
    answers: list[str]
    chunks: list[GivenChunk]


def read_questions(paths: Sequence[Path]) -> list[list[GivenQuestion]]:
    """Read JSON-lines files, one list a file.

    Raises:
        InputError: a file is missing, or a line is not such a question; it names the line.
    """
    return [_read(path) for path in paths]


def _read(path: Path) -> list[GivenQuestion]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", param="files") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        try:
            questions.append(GivenQuestion.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"])
            raise InputError(
                f"{path}:{number}: {place}: {problem['msg']}", param="files"
            ) from error
    return questions
