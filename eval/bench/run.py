"""One run of the benchmark, as it is kept in a file: what was measured, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.bench.measure import Timing
from overlay.errors import InputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Run", "read_run"]


@dataclass(frozen=True, slots=True)
class Run:
    """Timings with what a reader must know of them.

    Attributes:
        command: what was typed.
        date: of the end, ISO.
        answer_tokens: longest answer.
        repeats: rounds at each number and length of chunks.
        budget_step, budget_answer, profile, requantize, seed: the settings of that name.
        timings: by model and backend.
        note: what a reader should know besides, such as that the machine was not idle.
    """

    command: str
    date: str
    answer_tokens: int
    repeats: int
    budget_step: float
    budget_answer: float | None
    profile: str
    requantize: str
    seed: int
    timings: dict[str, list[Timing]]
    note: str = ""

    def to_json(self) -> str:
        """What :func:`read_run` reads."""
        return _adapter().dump_json(self, indent=1).decode() + "\n"


def read_run(path: Path) -> Run:
    """A run that `overlay bench --output` wrote.

    Raises:
        InputError: the file cannot be read, or is none.
    """
    try:
        return _adapter().validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}",
            hint="name a file that `overlay bench --output` wrote",
            param="from",
        ) from error
    except ValueError as error:  # pydantic's own is one
        raise InputError(
            f"{path} is no run of the benchmark",
            hint="name a file that this version's `overlay bench --output` wrote",
            param="from",
        ) from error


def _adapter() -> TypeAdapter[Run]:
    from pydantic import TypeAdapter

    return TypeAdapter(Run)
