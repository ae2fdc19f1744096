"""What a model's answers under a profile show of being right, and the confidence that fits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from eval.calibration.parts import Part
from eval.calibration.regression import regress
from eval.items import Item, Kind
from eval.metrics.answers import contains_any
from eval.policies.bench import Bench
from selector.confidence import Confidence
from selector.profile import Fold, Profile, question_key

__all__ = [
    "FEWEST",
    "Answered",
    "FittedConfidence",
    "fit_confidence",
    "in_company",
    "observe_answer",
    "read_answered",
    "with_confidence",
]

FEWEST = 30
"""Answers, below which three weights and a bias follow single questions."""
_C = 1.0
"""Inverse strength of the L2 penalty: weak beside four numbers from hundreds of answers."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the overlay.

    Attributes:
        question: its words.
        dataset: where it comes from.
        log_prob, copied: see :class:`overlay.answer.Answer`; None of an abstention.
        volatility: its volatility index.
        right: whether an accepted answer stands in it.
    """

    question: str
    dataset: str
    log_prob: float | None
    copied: float | None
    volatility: float
    right: bool


@dataclass(frozen=True, slots=True)
class FittedConfidence:
    """A confidence, and what it says of answers that it was not fitted on.

    Attributes:
        confidence: from all answers.
        folds: from the answers outside of each fold of the profile.
        chances: of each answer that was given, by the weights of its fold.
        elsewhere: likewise, by weights fitted on the other data sets; empty where there is one.
        right: whether those answers are right.
        questions: whose they are, likewise.
    """

    confidence: Confidence
    folds: tuple[Confidence, ...]
    chances: list[float]
    elsewhere: list[float]
    right: list[bool]
    questions: list[str]


def in_company(items: Sequence[Item]) -> list[tuple[Part, Item]]:
    """Questions with all of their passages, every second one of a data set with the helpful alone.

    A reader may retrieve none but good passages: a confidence that knows mixtures only takes the
    answers from those for less certain than they are.

    Returns:
        Each question in its place, and which passages it has.
    """
    seen: Counter[str] = Counter()
    found = []
    for item in items:
        helpful = tuple(item.of_kind(Kind.HELPFUL))
        alone = seen[item.dataset] % 2 == 1 and bool(helpful)
        seen[item.dataset] += 1
        part = Part.HELPFUL if alone else Part.ALL
        found.append((part, replace(item, passages=helpful) if alone else item))
    return found


def observe_answer(bench: Bench, item: Item) -> dict[str, Any]:
    """Answer a question as the overlay does; plain data, for a journal."""
    answer = bench.dosed(item.question, item.passages, bench.settings, None)
    right = contains_any(answer.text, item.answers)
    shown = (answer.log_prob, answer.copied, answer.volatility_index)
    return asdict(Answered(item.question, item.dataset, *shown, right))


def read_answered(data: dict[str, Any]) -> Answered:
    """The opposite of :func:`observe_answer`."""
    return Answered(**data)


def fit_confidence(answered: Sequence[Answered], folds: Sequence[Fold]) -> FittedConfidence | None:
    """Fit a logistic regression of "the answer is right" (Platt scaling on three scores).

    Classes keep their frequencies: what comes out is a chance, not a rank.

    Args:
        answered: given under weights that had not seen the questions.
        folds: of the profile; the weights of each come from answers to other questions.

    Returns:
        None where there are fewer than :data:`FEWEST` answers to fit on, or all of them are
        right, or all wrong.
    """
    given = [one for one in answered if one.log_prob is not None]
    keys = [question_key(one.question) for one in given]
    own = [
        _fit([one for one, key in zip(given, keys, strict=True) if key not in fold.questions])
        for fold in folds
    ]
    fitted = [confidence for confidence in own if confidence is not None]
    whole = _fit(given)
    if whole is None or len(fitted) < len(folds):
        return None
    chances = []
    for one, key in zip(given, keys, strict=True):
        numbers = (n for n, fold in enumerate(folds) if key in fold.questions)
        place = next(numbers, None)
        chances.append(_chance(whole if place is None else fitted[place], one))
    return FittedConfidence(
        confidence=whole,
        folds=tuple(fitted),
        chances=chances,
        elsewhere=_elsewhere(given),
        right=[one.right for one in given],
        questions=keys,
    )


def with_confidence(profile: Profile, fitted: FittedConfidence) -> Profile:
    """The profile, with the confidence of each fold in the fold that it was fitted without."""
    folds = tuple(
        fold.model_copy(update={"confidence": own})
        for fold, own in zip(profile.folds, fitted.folds, strict=True)
    )
    return profile.model_copy(update={"folds": folds, "confidence": fitted.confidence})


def _elsewhere(given: Sequence[Answered]) -> list[float]:
    found = [0.0] * len(given)
    for name in dict.fromkeys(one.dataset for one in given):
        own = _fit([one for one in given if one.dataset != name])
        if own is None:
            return []
        for place, one in enumerate(given):
            if one.dataset == name:
                found[place] = _chance(own, one)
    return found


def _fit(given: Sequence[Answered]) -> Confidence | None:
    if len(given) < FEWEST or len({one.right for one in given}) < 2:
        return None
    values = np.array(
        [[one.log_prob, one.copied, one.volatility] for one in given], dtype=np.float64
    )
    weights, bias = regress(values, np.array([one.right for one in given]), _C)
    log_prob, copied, volatility = weights.tolist()
    return Confidence(bias=bias, log_prob=log_prob, copied=copied, volatility=volatility)


def _chance(confidence: Confidence, one: Answered) -> float:
    return confidence.chance(one.log_prob or 0.0, one.copied or 0.0, one.volatility)
