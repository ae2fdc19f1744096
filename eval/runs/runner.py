"""Puts every case to every policy and keeps what they say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from eval.policies.bench import Bench
from eval.policies.catalogue import build_policy
from eval.policies.protocol import Policy, Response
from eval.policies.shared_model import SharedModel
from eval.runs.cases import Case
from eval.runs.provenance import session
from eval.runs.record import SESSION, Record, Reply, write_record
from eval.runs.spec import RunSpec
from overlay.journal import Journal
from overlay.labelled.items import Item, Kind
from overlay.profiles import find_profile
from overlay.settings import Settings
from probes.protocol import Model, ModelInfo

__all__ = ["fingerprint", "run_cases"]

# Settings that change no answer: where things lie, and how the server is reached.
_ELSEWHERE = {"model", "model_cache", "store", "kv_memory", "kv_disk", "host", "port", "queue_size"}
_ELSEWHERE |= {"threads"}


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
        "profiles": _profiles(spec, settings, info),
    }


def _profiles(spec: RunSpec, settings: Settings, info: ModelInfo) -> dict[str, str]:
    """What tells the profiles apart that the policies judge by: their names do not."""
    named = {str(policy.arguments.get("profile", settings.profile)) for policy in spec.policies}
    found = {
        name: find_profile(settings.model_copy(update={"profile": name}), info) for name in named
    }
    return {name: profile.digest for name, profile in sorted(found.items()) if profile}


def run_cases(
    model: Model,
    settings: Settings,
    spec: RunSpec,
    cases: Sequence[Case],
    journal: Journal,
    *,
    track: Callable[[Sequence[Case]], Iterable[Case]] = iter,
) -> None:
    """Answer the cases that the journal does not hold yet.

    The policies work side by side and share what they have in common, see :class:`SharedModel`.
    The first ``spec.timed`` cases are answered once more by each policy alone, for the wall time.

    Args:
        track: wraps the cases, to show how far the run is.

    Raises:
        InputError: a policy cannot be made.
    """
    shared = SharedModel(model)
    policies = _policies(spec, Bench(shared, settings))
    alone = _policies(spec, Bench(model, settings))
    if all(case.key in journal for case in cases):
        return
    number = next(n for n in count(1) if f"{SESSION}{n}" not in journal)
    journal.add(f"{SESSION}{number}", session())
    timed = {case.key for case in cases[: spec.timed]}
    for case in track(cases):
        if case.key in journal:
            continue
        replies = shared.side_by_side(
            {name: partial(_reply, shared, policy, case.item) for name, policy in policies.items()}
        )
        shared.forget()
        if case.key in timed:
            replies = {
                name: replace(reply, seconds=_seconds(alone[name], case.item))
                for name, reply in replies.items()
            }
        record = Record(case.task, case.scenario, case.perturbation, case.item, replies)
        journal.add(case.key, write_record(record))


def _policies(spec: RunSpec, bench: Bench) -> dict[str, Policy]:
    return {policy.label: build_policy(policy, bench) for policy in spec.policies}


def _reply(model: SharedModel, policy: Policy, item: Item) -> Reply:
    before = model.cost
    response = _answer(policy, item)
    spent = model.cost - before
    return Reply(
        text=response.text,
        outcome=response.outcome,
        accepted=response.accepted,
        volatility=response.volatility,
        evaluated=spent.evaluated,
        seconds=None,
        decoded=spent.decoded,
        reused=spent.reused,
        signs=response.signs,
    )


def _seconds(policy: Policy, item: Item) -> float:
    started = time.perf_counter()
    _answer(policy, item)
    return round(time.perf_counter() - started, 4)


def _answer(policy: Policy, item: Item) -> Response:
    passages = item.passages
    if not policy.knows_kinds:
        passages = tuple(replace(passage, kind=Kind.UNKNOWN) for passage in passages)
    return policy.answer(item.question, passages)
