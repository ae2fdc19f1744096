"""A run summed up: one row a policy, the same for the same results."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from eval.runs.measures import FLIPS, MEANS, WHOLES
from eval.runs.results import Flip, Result, flips_of
from selector.statistics.interval import Interval, mean_interval

__all__ = ["Row", "costs", "mean_of", "policies_of", "split", "summarise"]


@dataclass(frozen=True, slots=True)
class Row:
    """One policy.

    Attributes:
        cases: unperturbed cases that it answered.
        values: by measure; without an interval where none is known, None where the measure has
            nothing to say.
    """

    policy: str
    cases: int
    values: dict[str, Interval | float | None]


def summarise(results: Sequence[Result], *, seed: int) -> list[Row]:
    """All measures of all policies over the unperturbed cases; flips over all.

    Intervals are 95 % bootstrap intervals over questions.
    """
    flips = flips_of(results)
    rows = []
    for policy in policies_of(results):
        own = [r for r in results if r.policy == policy and not r.perturbation]
        values: dict[str, Interval | float | None] = {
            measure.name: mean_of(own, measure.value, seed=seed) for measure in MEANS
        }
        turned = [flip for flip in flips if flip.policy == policy]
        for flip in FLIPS:
            values[flip.name] = mean_of(turned, flip.value, seed=seed)
        values |= {whole.name: whole.value(own, seed) for whole in WHOLES}
        values["tokens"] = fmean(r.reply.evaluated for r in own)
        rows.append(Row(policy, len(own), values))
    return rows


def mean_of(
    rows: Sequence[Result] | Sequence[Flip],
    value: Callable[..., float | bool | None],
    *,
    seed: int,
) -> Interval | None:
    """The mean over those rows that have a value, with an interval over questions."""
    found = [(float(v), row.question) for row in rows if (v := value(row)) is not None]
    if not found:
        return None
    values, questions = zip(*found, strict=True)
    return mean_interval(values, questions, seed=seed)


def policies_of(results: Sequence[Result]) -> list[str]:
    """The policies' names, in the order of the run."""
    return list(dict.fromkeys(result.policy for result in results))


def split(
    results: Sequence[Result], by: Callable[[Result], Hashable]
) -> dict[Hashable, list[Result]]:
    """The unperturbed results in groups, in order of appearance."""
    groups: dict[Hashable, list[Result]] = {}
    for result in results:
        if not result.perturbation:
            groups.setdefault(by(result), []).append(result)
    return groups


@dataclass(frozen=True, slots=True)
class PolicyCost:
    """What a policy costs beside the reference: counts are exact, wall times are not.

    Attributes:
        tokens: mean of model-token evaluations.
        token_ratio: tokens over the reference's, of all cases together.
        decoded, reused: means, see :class:`probes.cost.Cost`; None where a case lacks them.
        seconds: median wall time of the cases in which it was measured; None if in none.
        second_ratio: median over those cases of wall time over the reference's.
    """

    policy: str
    tokens: float
    token_ratio: float
    decoded: float | None
    reused: float | None
    seconds: float | None
    second_ratio: float | None


def costs(results: Sequence[Result], reference: str) -> list[PolicyCost]:
    """The cost of every policy, side by side with the reference on the same cases."""
    plain = [r for r in results if not r.perturbation]
    base = {(r.question, r.scenario): r.reply for r in plain if r.policy == reference}
    found = []
    for policy in policies_of(results):
        pairs = [
            (r.reply, base[r.question, r.scenario])
            for r in plain
            if r.policy == policy and (r.question, r.scenario) in base
        ]
        timed = [
            (own.seconds, other.seconds)
            for own, other in pairs
            if own.seconds is not None and other.seconds is not None
        ]
        found.append(
            PolicyCost(
                policy,
                tokens=fmean(own.evaluated for own, _ in pairs),
                token_ratio=sum(own.evaluated for own, _ in pairs)
                / sum(other.evaluated for _, other in pairs),
                decoded=_mean([own.decoded for own, _ in pairs]),
                reused=_mean([own.reused for own, _ in pairs]),
                seconds=median(own for own, _ in timed) if timed else None,
                second_ratio=median(own / max(other, 1e-9) for own, other in timed)
                if timed
                else None,
            )
        )
    return found


def _mean(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
