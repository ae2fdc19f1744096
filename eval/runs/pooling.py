"""Runs of one model taken together: parts of one run, or draws of other questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eval.policies.spec import PolicySpec
from eval.runs.loading import Run
from eval.runs.record import Record
from eval.runs.results import judge
from overlay.errors import InputError

__all__ = ["pool"]

_CaseKey = tuple[str, str, str, str]


def pool(runs: Sequence[Run]) -> Run:
    """One run of all cases, with the policies that every run has.

    A case that several runs hold counts once, as the first of them answered it. Reference, subject
    and the rest of what the result is called by are the first run's.

    Raises:
        InputError: the runs are of different models; a policy of one name is set up differently in
            two of them; or some of them lack the first one's reference.
    """
    first = runs[0]
    _check_model(runs)
    shared = _shared_policies(runs)
    names = [policy.label for policy in shared]
    if first.reference not in names:
        raise InputError(
            f"not every run has a policy {first.reference!r}, with which the first compares",
            hint=f"they all have {', '.join(names) or 'none'}",
            param="results",
        )
    records: dict[_CaseKey, Record] = {}
    for run in runs:
        for record in run.records:
            key = (record.task, record.item.id, record.scenario, record.perturbation)
            records.setdefault(key, replace(record, replies={n: record.replies[n] for n in names}))
    spec = first.identity["spec"]
    pooled = {
        **spec,
        "name": " + ".join(dict.fromkeys(run.identity["spec"]["name"] for run in runs)),
        "policies": [policy.model_dump(mode="json") for policy in shared],
        "subject": spec["subject"] if spec["subject"] in names else "",
        "same": [pair for pair in spec["same"] if set(pair) <= set(names)],
    }
    backends = dict.fromkeys(str(run.identity["model"]["backend"]) for run in runs)
    identity = {
        **first.identity,
        "spec": pooled,
        "model": {**first.identity["model"], "backend": " and ".join(backends)},
        "settings": _settings(runs),
    }
    return Run(
        identity,
        [session for run in runs for session in run.sessions],
        list(records.values()),
        judge(records.values()),
    )


def _settings(runs: Sequence[Run]) -> dict[str, Any]:
    """Each setting; where the runs differ in it, all its values."""
    told: dict[str, Any] = dict(runs[0].identity["settings"])
    for name in told:
        values = dict.fromkeys(str(run.identity["settings"].get(name)) for run in runs)
        if len(values) > 1:
            told[name] = " / ".join(values)
    return told


def _check_model(runs: Sequence[Run]) -> None:
    """Raise InputError unless all runs are of one model file."""
    first, *others = (run.identity["model"] for run in runs)
    for other in others:
        if other["sha256"] != first["sha256"]:
            raise InputError(
                f"{first['name']} and {other['name']} answered: their cases cannot be counted "
                "together",
                hint="pool the runs of one model",
                param="results",
            )


def _shared_policies(runs: Sequence[Run]) -> list[PolicySpec]:
    """The policies that every run has, as the first one's file sets them up.

    Raises:
        InputError: see :func:`pool`.
    """
    first, *others = runs
    shared = {policy.label: policy for policy in first.policies}
    for run in others:
        own = {policy.label: policy for policy in run.policies}
        shared = {label: policy for label, policy in shared.items() if label in own}
        for label, policy in shared.items():
            if policy != own[label]:
                raise InputError(
                    f"the policy {label!r} is set up as {policy} in one run and as {own[label]} "
                    "in another",
                    hint="give one of them another name",
                    param="results",
                )
    return list(shared.values())
