"""A run's records, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.runs.record import Record, Reply, write_record
from overlay.answer import Outcome
from overlay.journal import Journal
from overlay.labelled.items import Item, Kind, Passage

__all__ = ["ITEM", "journal", "record", "reply"]

ITEM = Item(
    id="q1",
    dataset="own",
    question="Where does the ferry dock?",
    answers=("Corrin",),
    passages=(
        Passage("The ferry docks at Corrin.", Kind.HELPFUL),
        Passage("The ferry docks at Luth.", Kind.CONTRADICTING),
        Passage("<script>alert('green')</script>", Kind.IRRELEVANT),
    ),
    wrong_answers=("Luth",),
    target=None,
)


def reply(
    text: str,
    *,
    outcome: Outcome = Outcome.ANSWERED,
    accepted: Sequence[bool] = (True, True, True),
    volatility: float | None = None,
    evaluated: int = 100,
    seconds: float | None = 1.0,
) -> Reply:
    return Reply(text, outcome, tuple(accepted), volatility, evaluated, seconds)


def record(
    replies: dict[str, Reply],
    *,
    item: Item = ITEM,
    scenario: str = "as-given",
    perturbation: str = "",
) -> Record:
    return Record("ferries", scenario, perturbation, item, replies)


def journal(records: Sequence[Record], path: Path | None = None, **spec: Any) -> Journal:
    """The records as a run leaves them, in a file or in memory."""
    policies = [{"kind": "top-k", "name": name} for name in records[0].replies]
    run = {
        "command": "eval run",
        "spec": {
            "name": "ferries",
            "seed": 0,
            "policies": policies,
            "reference": policies[0]["name"],
            "subject": policies[-1]["name"],
            "same": [],
            **spec,
        },
        "settings": {"max_tokens": 32},
        "model": {"name": "tiny", "sha256": "0" * 64, "backend": "llamacpp"},
        "data": [],
    }
    kept = Journal(path, run)
    kept.add("session 1", {"revision": "abc", "versions": {"numpy": "2.0"}})
    for place, one in enumerate(records):
        kept.add(f"case {place}", write_record(one))
    return kept
