"""Readings and answers of several models, fitted as if they were one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from eval.lab.refit import refit
from overlay.calibration.fit import Fitted, fit
from overlay.calibration.index import Answered, FittedIndex
from overlay.calibration.observe import Observed, read_observed
from overlay.calibration.order import ORDERS
from overlay.calibration.parts import Part, parts
from overlay.calibration.quality import Quality, assess
from overlay.errors import InputError
from overlay.journal import Journal
from overlay.views.text_table import Table
from selector.profile import Profile

__all__ = ["left_out_table", "observed_in", "orders_in", "pool_models"]


_NAME = "any model without a profile of its own"


def observed_in(journal: Journal) -> list[Observed]:
    """What ``overlay calibrate --readings`` kept of the questions, without the states.

    A state is one model's own, and says nothing to another. Questions with one chunk tell nothing
    of how chunks compare.

    Raises:
        InputError: the file holds something else.
    """
    if journal.run.get("command") != "calibrate":
        raise InputError(
            "the file does not hold readings",
            hint="name one that `overlay calibrate --readings` wrote",
            param="readings",
        )
    kept = [journal[key] for key in journal]
    found = [read_observed({**one, "states": None}) for one in kept if "kinds" in one]
    return [one for one in found if len(one.kinds) > 1]


def orders_in(journal: Journal) -> list[dict[str, bool]]:
    """What it kept of the questions that were answered in either order of their chunks."""
    kept = [journal[key] for key in journal]
    return [one for one in kept if one.keys() == {order.value for order in ORDERS}]


def pool_models(
    observed: Mapping[str, Sequence[Observed]],
    answered: Sequence[Answered],
    *,
    embedder: str,
    seed: int,
) -> tuple[Profile, Quality]:
    """Fit one profile on all models, with a fold for each data set, and say what it is worth.

    Args:
        observed: by the models' names.
        answered: of all models; without any, the profile has no index.

    Raises:
        InputError: too few questions or answers.
    """
    everything = [one for own in observed.values() for one in own]
    fitted = fit(everything)
    profile = _profile(fitted, embedder)
    index: FittedIndex | None = None
    if answered:
        profile, index = refit(profile, answered)
    quality = assess(everything, fitted, index, alphas=(), seed=seed)
    return profile, quality


def _profile(fitted: Fitted, embedder: str) -> Profile:
    return Profile(
        model=_NAME,
        sha256="",
        embedder=embedder,
        layer=0,
        with_states=fitted.with_states,
        without_states=fitted.without_states,
        folds=fitted.folds,
    )


def left_out_table(
    observed: Mapping[str, Sequence[Observed]],
    beside: Mapping[str, Sequence[Observed]],
    *,
    seed: int,
) -> Table:
    """What the other models' weights say of a model's chunks, beside its own.

    Args:
        observed: by the models' names, of those that the default profile is fitted on.
        beside: likewise, of models that it is not fitted on.
    """
    rows = []
    for name, own in {**observed, **beside}.items():
        fitted = fit(own)
        others = fit([one for other, some in observed.items() if other != name for one in some])
        theirs = replace(fitted, volatilities=_volatilities(others, own))
        found = [assess(own, one, alphas=(), seed=seed) for one in (fitted, theirs)]
        rows.append(
            (
                name,
                str(len(own)),
                *(str(one.auroc["all others"]) for one in found),
                *(f"{one.ece:.3f}" for one in found),
            )
        )
    return Table(
        "A model left out",
        "AUROC and expected calibration error of the volatility, by the model's own weights and by "
        "those of the other models, both fitted without the data set that they are asked about.",
        ("model", "questions", "AUROC, own", "AUROC, the others'", "ECE, own", "ECE, the others'"),
        tuple(rows),
    )


def _volatilities(others: Fitted, observed: Sequence[Observed]) -> list[dict[Part, list[float]]]:
    """Of each question by weights that saw neither its model nor its data set."""
    profile = _profile(others, "")
    return [
        {
            part: profile.weights(one.question, states=False).volatilities(some.readings)
            for part, some in parts(one).items()
        }
        for one in observed
    ]
