"""What a model's answers under a profile show of being right, and the confidence that fits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from overlay.calibration.kept_signs import KeptSigns, keep, restore
from overlay.calibration.parts import Part
from overlay.labelled.items import Item, Kind
from overlay.labelled.matching import contains_any
from overlay.labelled.searcher import PassageSearcher
from overlay.options import AskOptions
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.protocol import Model
from selector.confidence import Confidence, Signs
from selector.profile import Fold, Profile, question_key
from selector.statistics.regression import regress

__all__ = [
    "FEWEST",
    "Answered",
    "Confidences",
    "FittedConfidence",
    "fit_confidence",
    "in_company",
    "observe_answer",
    "read_answered",
    "with_confidence",
]

_SCORES = ("log_prob", "copied", "volatility", "utility")
"""Of :class:`selector.confidence.Signs`, and the weights of these names."""
FEWEST = 30
"""Answers, below which four weights and a bias follow single questions."""
_C = 1.0
"""Inverse strength of the L2 penalty: weak beside five numbers from hundreds of answers."""
_STATE = 0.02
"""What the numbers of a state count beside them, of which there are hundreds."""


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
    signs: KeptSigns | None
    right: bool


class Confidences(NamedTuple):
    """What is fitted on the same answers.

    Attributes:
        without_states: on all signs but the state.
        with_states: on all of them; None where some answer has no state.
    """

    without_states: Confidence
    with_states: Confidence | None

    def chance(self, signs: Signs) -> float:
        """By all that is known."""
        own = None if signs.state is None else self.with_states
        return (own or self.without_states).chance(signs)


@dataclass(frozen=True, slots=True)
class FittedConfidence:
    """A confidence, and what it says of answers that it was not fitted on.

    Attributes:
        whole: from all answers.
        folds: from the answers outside of each fold of the profile.
        chances: of each answer that was given, by the weights of its fold.
        elsewhere: likewise, by weights fitted on the other data sets; empty where there is one.
        right: whether those answers are right.
        questions: whose they are, likewise.
    """

    whole: Confidences
    folds: tuple[Confidences, ...]
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


def observe_answer(
    model: Model, settings: Settings, profile: Profile, item: Item
) -> dict[str, Any]:
    """Answer a question as the overlay does; plain data, for a journal.

    Args:
        profile: judges in place of the one that the settings name.
    """
    overlay = Overlay(model, PassageSearcher(item.passages), settings, profile=profile)
    answer = overlay.ask(item.question, AskOptions(k=max(len(item.passages), 1)))
    right = contains_any(answer.text, item.answers)
    return asdict(Answered(item.question, item.dataset, keep(answer.signs), right))


def read_answered(data: dict[str, Any]) -> Answered:
    """The opposite of :func:`observe_answer`."""
    signs = data["signs"]
    return Answered(**{**data, "signs": signs and KeptSigns(**signs)})


def fit_confidence(answered: Sequence[Answered], folds: Sequence[Fold]) -> FittedConfidence | None:
    """Fit a logistic regression of "the answer is right", see :class:`Confidence`.

    Classes keep their frequencies: what comes out is a chance, not a rank.

    Args:
        answered: given under weights that had not seen the questions.
        folds: of the profile; the weights of each come from answers to other questions.

    Returns:
        None where there are fewer than :data:`FEWEST` answers to fit on, or all of them are
        right, or all wrong.
    """
    given = [
        _Given(question_key(one.question), one.dataset, restore(one.signs), one.right)
        for one in answered
        if one.signs is not None
    ]
    own = [_fit([one for one in given if one.key not in fold.questions]) for fold in folds]
    fitted = [confidences for confidences in own if confidences is not None]
    whole = _fit(given)
    if whole is None or len(fitted) < len(folds):
        return None
    chances = []
    for one in given:
        place = next((n for n, fold in enumerate(folds) if one.key in fold.questions), None)
        chances.append((whole if place is None else fitted[place]).chance(one.signs))
    return FittedConfidence(
        whole=whole,
        folds=tuple(fitted),
        chances=chances,
        elsewhere=_elsewhere(given),
        right=[one.right for one in given],
        questions=[one.key for one in given],
    )


def with_confidence(profile: Profile, fitted: FittedConfidence) -> Profile:
    """The profile, with the confidence of each fold in the fold that it was fitted without."""
    folds = tuple(
        fold.model_copy(update=_named(own))
        for fold, own in zip(profile.folds, fitted.folds, strict=True)
    )
    return profile.model_copy(update={"folds": folds, **_named(fitted.whole)})


def _named(confidences: Confidences) -> dict[str, Any]:
    """As profiles and folds call them."""
    return {
        "confidence": confidences.without_states,
        "confidence_with_states": confidences.with_states,
    }


class _Given(NamedTuple):
    """An answer that is no abstention; ``key`` is its question's."""

    key: str
    dataset: str
    signs: Signs
    right: bool


def _elsewhere(given: Sequence[_Given]) -> list[float]:
    found = [0.0] * len(given)
    for name in dict.fromkeys(one.dataset for one in given):
        own = _fit([one for one in given if one.dataset != name])
        if own is None:
            return []
        for place, one in enumerate(given):
            if one.dataset == name:
                found[place] = own.chance(one.signs)
    return found


def _fit(given: Sequence[_Given]) -> Confidences | None:
    if len(given) < FEWEST or len({one.right for one in given}) < 2:
        return None
    right = np.array([one.right for one in given])
    scores = np.array([[getattr(one.signs, name) for name in _SCORES] for one in given])
    states = [one.signs.state for one in given if one.signs.state is not None]
    return Confidences(
        without_states=_weigh(scores, np.empty((len(given), 0)), right),
        with_states=_weigh(scores, np.array(states), right) if len(states) == len(given) else None,
    )


def _weigh(
    scores: NDArray[np.float64], states: NDArray[np.floating[Any]], right: NDArray[np.bool_]
) -> Confidence:
    """Fit on ``[answers, 4]`` scores and ``[answers, width]`` states, of width 0 for none."""
    emphasis = np.repeat([1.0, _STATE], [len(_SCORES), states.shape[1]])
    weights, bias = regress(np.hstack([scores, states]), right, _C, emphasis=emphasis)
    own, state = np.split(weights, [len(_SCORES)])
    named = dict(zip(_SCORES, own.tolist(), strict=True))
    return Confidence(bias=bias, **named, state=tuple(state.tolist()))
