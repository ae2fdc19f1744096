"""Puts every case to every policy and keeps what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from eval.items import Item, Kind
from eval.journal import Journal
from eval.policies.bench import Bench
from eval.policies.catalogue import build_policy
from eval.policies.protocol import Policy
from eval.runs.cases import Case
from eval.runs.provenance import session
from eval.runs.record import SESSION, Record, Reply, write_record
from eval.runs.spec import RunSpec
from overlay.settings import Settings
from probes.protocol import ModelInfo

__all__ = ["fingerprint", "run_cases"]

# Settings that change no answer: where things lie, and how the server is reached.
_ELSEWHERE = {"model", "model_cache", "store", "host", "port", "queue_size", "threads"}


def fingerprint(
    spec: RunSpec, settings: Settings, info: ModelInfo, data: Sequence[str]
) -> dict[str, Any]:
    """What the results depend on: a journal holds the results of one such run.

    Args:
        data: hashes of the tasks' files.
    """
    return {
        "command": "eval run",
        "spec": spec.model_dump(mode="json", exclude={"settings"}),
        "settings": settings.model_dump(mode="json", exclude=_ELSEWHERE),
        "model": {"name": info.name, "sha256": info.sha256, "backend": info.backend},
        "data": list(data),
    }


def run_cases(
    bench: Bench,
    spec: RunSpec,
    cases: Sequence[Case],
    journal: Journal,
    track: Callable[[Sequence[Case]], Iterable[Case]] = iter,
) -> None:
    """Answer the cases that the journal does not hold yet.

    Args:
        track: wraps the cases, to show how far the run is.

    Raises:
        InputError: a policy cannot be made.
    """
    policies = {policy.label: build_policy(policy, bench) for policy in spec.policies}
    if all(case.key in journal for case in cases):
        return
    number = next(n for n in count(1) if f"{SESSION}{n}" not in journal)
    journal.add(f"{SESSION}{number}", session())
    for case in track(cases):
        if case.key in journal:
            continue
        replies = {name: _reply(bench, policy, case.item) for name, policy in policies.items()}
        bench.ledger.forget()
        record = Record(case.task, case.scenario, case.perturbation, case.item, replies)
        journal.add(case.key, write_record(record))


def _reply(bench: Bench, policy: Policy, item: Item) -> Reply:
    passages = item.passages
    if not policy.knows_kinds:
        passages = tuple(replace(passage, kind=Kind.UNKNOWN) for passage in passages)
    before = bench.ledger.cost
    response = policy.answer(item.question, passages)
    spent = bench.ledger.cost - before
    return Reply(
        text=response.text,
        outcome=response.outcome,
        accepted=response.accepted,
        volatility=response.volatility,
        evaluated=spent.evaluated,
        seconds=round(spent.seconds, 4),
    )
