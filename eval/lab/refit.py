"""The volatility index fitted on answers that were given in every variant."""

from __future__ import annotations

from collections.abc import Sequence

from eval.lab.variant_answers import check_variants, read_answers
from overlay.calibration.index import (
    FEWEST,
    Answered,
    FittedIndex,
    fit_index,
    with_index,
)
from overlay.errors import InputError
from overlay.journal import Journal
from selector.profile import Fold, Profile, question_key

__all__ = ["answered_in", "refit"]


def answered_in(journal: Journal) -> list[Answered]:
    """What ``overlay lab variants`` kept: of each question, the answer of every variant.

    An answer to a question that has none is wrong.

    Raises:
        InputError: the file holds something else.
    """
    check_variants(journal)
    return [
        one.answered
        for key in journal
        for one in read_answers(journal[key])
        if one.signs is not None
    ]


def refit(profile: Profile, answered: Sequence[Answered]) -> tuple[Profile, FittedIndex]:
    """The profile with the index that fits these answers.

    A question that the profile was not calibrated on joins the fold of its data set, or else one
    of the folds, whose weights have not seen it either. So whoever measures on it later measures
    nothing that was fitted on it.

    Raises:
        InputError: there are too few answers to fit on, or all are right, or all wrong; or the
            profile has no folds, so that nothing would be left to measure on.
    """
    if not profile.folds:
        raise InputError(
            f"the profile of {profile.model} has no folds to leave answers out by",
            hint="calibrate it anew with `overlay calibrate`",
            param="profile",
        )
    widened = profile.model_copy(update={"folds": _widened(profile.folds, answered)})
    fitted = fit_index(answered, widened.folds)
    if fitted is None:
        raise InputError(
            f"{len(answered)} answers are too few to fit a volatility index",
            hint=f"it takes {FEWEST} and more outside of each of the {len(profile.folds)} folds, "
            "right ones and wrong ones among them",
            param="results",
        )
    return with_index(widened, fitted), fitted


def _widened(folds: Sequence[Fold], answered: Sequence[Answered]) -> tuple[Fold, ...]:
    known = {key for fold in folds for key in fold.questions}
    places = {fold.dataset: number for number, fold in enumerate(folds) if fold.dataset}
    new = {question_key(one.question): one.dataset for one in answered}
    joining: list[set[str]] = [set() for _ in folds]
    for number, key in enumerate(sorted(new.keys() - known)):
        joining[places.get(new[key], number % len(folds))].add(key)
    return tuple(
        fold.model_copy(update={"questions": fold.questions | own})
        for fold, own in zip(folds, joining, strict=True)
    )
