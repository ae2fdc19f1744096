"""The volatility index fitted on the answers of evaluations: they are most of a fit's cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eval.runs.loading import Run
from eval.runs.results import judge
from overlay.calibration.index import (
    FEWEST,
    Answered,
    FittedIndex,
    fit_index,
    with_index,
)
from overlay.errors import InputError
from selector.profile import Fold, Profile, question_key

__all__ = ["answered_in", "refit"]


def answered_in(run: Run, policy: str) -> list[Answered]:
    """What a policy answered, each case once: in no other form, where it was asked so again.

    Raises:
        InputError: no policy of the run is called so, or the run says nothing of how likely it took
            its answers to be.
    """
    run.check_policy(policy, param="policy")
    found = [
        Answered(
            question=record.item.question,
            dataset=record.item.dataset,
            signs=result.reply.signs,
            right=result.right,
        )
        for record in run.records
        if policy in record.replies and not record.perturbation
        for result in judge([replace(record, replies={policy: record.replies[policy]})])
        if result.right is not None
    ]
    if all(one.signs is None for one in found):
        raise InputError(
            f"the run does not say what the answers of {policy} show of being right",
            hint="name a policy of kind overlay, of a run made by this version",
            param="policy",
        )
    return found


def refit(profile: Profile, answered: Sequence[Answered]) -> tuple[Profile, FittedIndex]:
    """The profile with the index that fits these answers.

    A question that the profile was not calibrated on joins one of its folds, whose weights have not
    seen it either. So whoever measures on it later measures nothing that was fitted on it.

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
    widened = profile.model_copy(
        update={"folds": _widened(profile.folds, [one.question for one in answered])}
    )
    fitted = fit_index(answered, widened.folds)
    if fitted is None:
        raise InputError(
            f"{len(answered)} answers are too few to fit a volatility index",
            hint=f"it takes {FEWEST} and more outside of each of the {len(profile.folds)} folds, "
            "right ones and wrong ones among them",
            param="results",
        )
    return with_index(widened, fitted), fitted


def _widened(folds: Sequence[Fold], questions: Sequence[str]) -> tuple[Fold, ...]:
    known = {key for fold in folds for key in fold.questions}
    new = sorted({question_key(question) for question in questions} - known)
    return tuple(
        fold.model_copy(update={"questions": fold.questions | set(new[number :: len(folds)])})
        for number, fold in enumerate(folds)
    )
