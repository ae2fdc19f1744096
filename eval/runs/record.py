"""What a run writes: one record a case, with the answers of all policies."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from overlay.answer import Outcome
from overlay.labelled.items import Item, Kind
from selector.signs import Signs

__all__ = ["SESSION", "Record", "Reply", "read_record", "write_record"]

SESSION = "session "
"""Begins the keys under which a journal says what a process ran on; all others are cases."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one policy made of a case.

    Attributes:
        outcome, accepted, volatility, signs: see :class:`eval.policies.protocol.Response`.
        evaluated: model-token evaluations that the policy would need if it ran alone.
        seconds: wall time of the policy alone; None where it was not measured.
        decoded, reused: see :class:`probes.cost.Cost`; None in runs of before it was counted.
    """

    text: str
    outcome: Outcome
    accepted: tuple[bool, ...]
    volatility: float | None
    evaluated: int
    seconds: float | None
    decoded: int | None = None
    reused: int | None = None
    signs: Signs | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One case with the replies of all policies, by their names.

    Attributes:
        item: the question with its passages, as the policies saw them but for their kinds.
    """

    task: str
    scenario: str
    perturbation: str
    item: Item
    replies: dict[str, Reply]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each passage is good for."""
        return tuple(passage.kind for passage in self.item.passages)


_ADAPTER = TypeAdapter(Record)


def write_record(record: Record) -> object:
    """The record as plain data, for JSON."""
    return _ADAPTER.dump_python(record, mode="json")


def read_record(data: object) -> Record:
    """The record of which :func:`write_record` made ``data``."""
    return _ADAPTER.validate_python(data)
