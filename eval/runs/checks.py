"""Checks that a run makes on itself: equalities that must hold, and a predictor that must fail."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.runs.results import Result
from selector.statistics.ranking import wrong_answer_auroc

__all__ = ["Check", "checks"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what must hold, whether it does, and the numbers behind that."""

    claim: str
    holds: bool
    found: str


def checks(
    results: Sequence[Result], same: Sequence[tuple[str, str]], *, seed: int
) -> Iterator[Check]:
    """Every check that the results allow.

    Args:
        same: pairs of policies whose answers must be equal, letter by letter.
    """
    for first, second in same:
        yield _same(results, first, second)
    for policy in dict.fromkeys(r.policy for r in results if r.reply.volatility is not None):
        check = _shuffled([r for r in results if r.policy == policy], policy, seed)
        if check is not None:
            yield check


def _same(results: Sequence[Result], first: str, second: str) -> Check:
    answers = {
        policy: {
            (r.question, r.scenario, r.perturbation): r.reply.text
            for r in results
            if r.policy == policy
        }
        for policy in (first, second)
    }
    shared = answers[first].keys() & answers[second].keys()
    equal = sum(answers[first][case] == answers[second][case] for case in shared)
    return Check(
        f"{first} answers as {second} does",
        holds=equal == len(shared) > 0,
        found=f"{equal} of {len(shared)} answers are equal",
    )


def _shuffled(results: Sequence[Result], policy: str, seed: int) -> Check | None:
    """With right and wrong dealt out at random, volatility must predict nothing."""
    judged = [r for r in results if r.right is not None and not r.abstained and not r.perturbation]
    wrong = [not r.right for r in judged]
    random.Random(seed).shuffle(wrong)  # noqa: S311 - a sample, not a secret
    scores = [r.reply.volatility or 0.0 for r in judged]
    if not judged:
        return None
    found = wrong_answer_auroc(scores, wrong, [r.question for r in judged], seed=seed)
    if found is None:
        return None
    return Check(
        f"with shuffled labels, the volatility of {policy} predicts nothing",
        holds=found.low <= 0.5 <= found.high,
        found=f"AUROC {found}",
    )
