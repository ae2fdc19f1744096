"""Which differences between policies are beyond noise."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eval.metrics.paired import Comparison, Conclusion, compare, conclude
from eval.runs.measures import FLIPS, MEANS
from eval.runs.results import Result, flips_of

__all__ = ["Difference", "differences"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy less the reference, on the cases that both answered.

    Attributes:
        comparison: mean difference with its interval, and the p-value of the paired test.
        conclusion: after Holm's correction over all differences of the measure.
    """

    measure: str
    policy: str
    reference: str
    cases: int
    comparison: Comparison
    conclusion: Conclusion


def differences(results: Sequence[Result], reference: str, *, seed: int) -> list[Difference]:
    """Every policy against the reference, measure by measure."""
    plain = [r for r in results if not r.perturbation]
    flips = flips_of(results)
    found: list[Difference] = []
    for mean in MEANS:
        table = _table(plain, mean.value, lambda r: (r.question, r.scenario))
        lower = mean.better == "lower"
        found += _compare(mean.name, table, reference, smaller_is_better=lower, seed=seed)
    for flip in FLIPS:
        table = _table(flips, flip.value, lambda f: (f.question, f.perturbation))
        found += _compare(flip.name, table, reference, smaller_is_better=True, seed=seed)
    return found


_Table = dict[str, dict[tuple[str, Hashable], float]]


def _table(
    rows: Sequence[Any],
    value: Callable[[Any], float | bool | None],
    key: Callable[[Any], tuple[str, Hashable]],
) -> _Table:
    """By policy: the value of each case that has one."""
    table: _Table = {}
    for row in rows:
        one = value(row)
        if one is not None:
            table.setdefault(row.policy, {})[key(row)] = float(one)
    return table


def _compare(
    measure: str,
    table: _Table,
    reference: str,
    *,
    smaller_is_better: bool,
    seed: int,
) -> Iterator[Difference]:
    base = table.get(reference, {})
    pairs: list[tuple[str, int, Comparison]] = []
    for policy, own in table.items():
        shared = [case for case in own if case in base]
        if policy == reference or not shared:
            continue
        comparison = compare(
            [own[case] for case in shared],
            [base[case] for case in shared],
            [question for question, _ in shared],
            seed=seed,
            smaller_is_better=smaller_is_better,
        )
        pairs.append((policy, len(shared), comparison))
    conclusions = conclude([comparison for _, _, comparison in pairs])
    for (policy, cases, comparison), conclusion in zip(pairs, conclusions, strict=True):
        yield Difference(measure, policy, reference, cases, comparison, conclusion)
