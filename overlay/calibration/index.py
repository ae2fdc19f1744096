"""What a model's answers under a profile show of being right, and the index that fits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from overlay.calibration.asking import answer_item
from overlay.calibration.parts import Part
from overlay.labelled.items import Item, Kind
from overlay.settings import Settings
from probes.protocol import Model
from selector.profile import Fold, Profile, question_key
from selector.signs import Signs
from selector.statistics.regression import regress
from selector.volatility_index import VolatilityIndex

__all__ = [
    "FEWEST",
    "Answered",
    "FittedIndex",
    "chances_elsewhere",
    "fit_index",
    "in_company",
    "observe_answer",
    "read_answered",
    "with_index",
]

FEWEST = 30
"""Answers, below which the weights follow single questions."""
_C = 1.0
"""Inverse strength of the L2 penalty: weak beside a few numbers from hundreds of answers."""
_WEIGHED = ("log_prob", "gain", "backing", "consensus", "compared")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the overlay.

    Attributes:
        question: its words.
        dataset: where it comes from.
        signs: see :class:`overlay.answer.Answer`; None of an abstention.
        right: whether an accepted answer stands in it.
    """

    question: str
    dataset: str
    signs: Signs | None
    right: bool


@dataclass(frozen=True, slots=True)
class FittedIndex:
    """A volatility index, and what it says of answers that it was not fitted on.

    Attributes:
        whole: from all answers.
        folds: from the answers outside of each fold of the profile.
        answers: how many were fitted on.
        chances: of each answer that was given from chunks, by the weights of its fold. One without
            them is mostly wrong and easily told: it would flatter the index.
        wrong: whether those answers are wrong.
        questions: whose they are, likewise.
    """

    whole: VolatilityIndex
    folds: tuple[VolatilityIndex, ...]
    answers: int
    chances: list[float]
    wrong: list[bool]
    questions: list[str]


def in_company(items: Sequence[Item]) -> list[tuple[Part, Item]]:
    """Questions with all of their passages, every second one of a data set with the helpful alone.

    A reader may retrieve none but good passages: an index that knows mixtures only takes the
    answers from those for shakier than they are.

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


def observe_answer(
    model: Model, settings: Settings, profile: Profile, item: Item
) -> dict[str, Any]:
    """Answer a question as the overlay does; plain data, for a journal.

    Args:
        profile: judges in place of the one that the settings name.
    """
    answer, right = answer_item(model, settings, profile, item)
    return asdict(Answered(item.question, item.dataset, answer.signs, right))


def read_answered(data: dict[str, Any]) -> Answered:
    """The opposite of :func:`observe_answer`."""
    signs = data["signs"]
    return Answered(**{**data, "signs": signs and Signs(**signs)})


def fit_index(answered: Sequence[Answered], folds: Sequence[Fold]) -> FittedIndex | None:
    """Fit a logistic regression of "the answer is wrong", see :class:`VolatilityIndex`.

    An answer that other variants were heard of counts with what they say, and as if it stood alone.
    Classes keep their frequencies: what comes out is a chance, not a rank.

    Args:
        answered: given under weights that had not seen the questions.
        folds: of the profile; the weights of each come from answers to other questions.

    Returns:
        None where there are fewer than :data:`FEWEST` answers to fit on, or all of them are
        right, or all wrong.
    """
    given = [_given(one, one.signs) for one in answered if one.signs is not None]
    own = [_fit([one for one in given if one.key not in fold.questions]) for fold in folds]
    fitted = [indices for indices in own if indices is not None]
    whole = _fit(given)
    if whole is None or len(fitted) < len(folds):
        return None
    chances, judged = [], [one for one in given if one.signs.chunks] or given
    for one in judged:
        place = next((n for n, fold in enumerate(folds) if one.key in fold.questions), None)
        chances.append((whole if place is None else fitted[place]).chance(one.signs))
    return FittedIndex(
        whole=whole,
        folds=tuple(fitted),
        answers=len(given),
        chances=chances,
        wrong=[one.wrong for one in judged],
        questions=[one.key for one in judged],
    )


def chances_elsewhere(answered: Sequence[Answered]) -> list[tuple[float, float]]:
    """That each answer is wrong, by weights fitted on the other data sets.

    Returns:
        Of each answer that is no abstention, by itself and with what other variants say; none
        where there is one data set, or too few answers outside of one.
    """
    given = [_given(one, one.signs) for one in answered if one.signs is not None]
    found = [(0.0, 0.0)] * len(given)
    for name in dict.fromkeys(one.dataset for one in given):
        own = _fit([one for one in given if one.dataset != name])
        if own is None:
            return []
        for place, one in enumerate(given):
            if one.dataset == name:
                found[place] = own.chance(_alone(one.signs)), own.chance(one.signs)
    return found


def with_index(profile: Profile, fitted: FittedIndex) -> Profile:
    """The profile, with the index of each fold in the fold that it was fitted without."""
    folds = tuple(
        fold.model_copy(update={"index": own})
        for fold, own in zip(profile.folds, fitted.folds, strict=True)
    )
    return profile.model_copy(update={"folds": folds, "index": fitted.whole})


class _Given(NamedTuple):
    """An answer that is no abstention; ``key`` is its question's."""

    key: str
    dataset: str
    signs: Signs
    wrong: bool


def _given(one: Answered, signs: Signs) -> _Given:
    return _Given(question_key(one.question), one.dataset, signs, not one.right)


def _fit(given: Sequence[_Given]) -> VolatilityIndex | None:
    if len(given) < FEWEST or len({one.wrong for one in given}) < 2:
        return None
    alone = [one._replace(signs=_alone(one.signs)) for one in given]
    rows = [*alone, *(one for one in given if one.signs.consensus is not None)]
    scores = np.array([_scores(one.signs) for one in rows])
    weights, bias = regress(scores, np.array([one.wrong for one in rows]), _C)
    return VolatilityIndex(bias=bias, **dict(zip(_WEIGHED, weights.tolist(), strict=True)))


def _alone(signs: Signs) -> Signs:
    """What they are before other variants are heard."""
    return replace(signs, consensus=None)


def _scores(signs: Signs) -> list[float]:
    """What each weight of :data:`_WEIGHED` is multiplied by."""
    heard = [0.0, 0.0] if signs.consensus is None else [signs.consensus, 1.0]
    return [signs.log_prob, signs.gain, signs.backing, *heard]
