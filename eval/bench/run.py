"""One run of the benchmark, kept in a file timing by timing: what was measured, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from eval.bench.measure import Timing
from overlay.errors import InputError
from overlay.journal import Journal

__all__ = ["Conditions", "Run", "Timings", "read_run"]

_T = TypeVar("_T")
_NO_RUN = "name a file that this version's `overlay bench --output` wrote"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a reader must know of timings.

    Attributes:
        command: what was typed.
        answer_tokens: longest answer.
        repeats: rounds at each number and length of chunks.
        budget_step, budget_answer, profile, requantize, seed: the settings of that name.
        variants: how many are tried at most, as the setting; 1 in runs of before there were any.
        rounding: the setting; exact in runs of before there was another.
        note: what a reader should know besides, such as that the machine was not idle.
    """

    command: str
    answer_tokens: int
    repeats: int
    budget_step: float | None
    budget_answer: float
    profile: str
    requantize: str
    seed: int
    note: str = ""
    variants: int = 1
    rounding: str = "exact"


@dataclass(frozen=True, slots=True)
class Run:
    """Timings, and how they were taken.

    Attributes:
        conditions: the same for all of them.
        date: of the last one, ISO.
        timings: by model and backend.
    """

    conditions: Conditions
    date: str
    timings: dict[str, list[Timing]]


class Timings:
    """The timings of a run as they come; a stopped run goes on from its file.

    Args:
        path: the file; None keeps everything in memory.

    Raises:
        InputError: the file holds a run under other conditions, or none at all.
    """

    def __init__(self, path: Path | None, conditions: Conditions) -> None:
        self._journal = Journal(path, asdict(conditions))

    def add(self, title: str, timing: Timing) -> None:
        """Keep a timing of a model and backend; it is on the disk when this returns."""
        today = datetime.now(UTC).date().isoformat()
        entry = {"title": title, "date": today, "timing": asdict(timing)}
        self._journal.add(_key(title, timing.mode, (timing.k, timing.length, timing.repeat)), entry)

    def has(self, title: str, mode: str, measured: tuple[int, int, int]) -> bool:
        """Whether there is a timing of this mode, number and length of chunks, and repeat."""
        return _key(title, mode, measured) in self._journal

    def run(self) -> Run:
        """Everything so far."""
        return _run(self._journal)


def read_run(path: Path) -> Run:
    """A run that `overlay bench --output` wrote.

    Raises:
        InputError: the file cannot be read, or is none.
    """
    try:
        path.stat()  # a journal that is not there is empty
        return _run(Journal.read(path))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint=_NO_RUN, param="from"
        ) from error
    except (InputError, ValueError, KeyError, TypeError) as error:  # pydantic's own is a ValueError
        raise InputError(
            f"{path} is no run of the benchmark", hint=_NO_RUN, param="from"
        ) from error


def _run(journal: Journal) -> Run:
    timings: dict[str, list[Timing]] = {}
    date = ""
    for key in journal:
        entry = journal[key]
        timings.setdefault(entry["title"], []).append(_checked(Timing, entry["timing"]))
        date = max(date, entry["date"])
    return Run(_checked(Conditions, journal.run), date, timings)


def _checked(kind: type[_T], values: Mapping[str, Any]) -> _T:
    from pydantic import TypeAdapter  # slow, and `overlay --help` comes here

    return TypeAdapter(kind).validate_python(dict(values))


def _key(title: str, mode: str, measured: tuple[int, int, int]) -> str:
    return f"{title}/{mode}/{'/'.join(map(str, measured))}"
