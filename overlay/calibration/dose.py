"""Whether a model answers as well where the most similar chunks are read first, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlay.calibration.asking import FIRST_VARIANT, answer_item
from overlay.labelled.items import Item
from overlay.settings import Settings
from overlay.views.text_table import Table
from probes.protocol import Model
from selector.profile import Profile
from selector.statistics.interval import Interval, mean_interval

__all__ = ["DOSE", "Dosed", "compare_doses", "dose_table", "observe_first_dose"]

DOSE = 2
"""Chunks of the first dose that is looked at."""


@dataclass(frozen=True, slots=True)
class Dosed:
    """Answers from all chunks, and from the first dose where they begin steady from it.

    Attributes:
        steady: share of the questions whose answer begins steady from the first dose.
        right: shares of right answers, from all chunks and by doses.
        more: how much more are right by doses, with its 95 % interval.
    """

    questions: int
    steady: float
    right: tuple[float, float]
    more: Interval

    @property
    def size(self) -> int:
        """Of the first dose: where as many answers are right, the cheaper way is taken; else 0."""
        whole, dosed = self.right
        return DOSE if dosed >= whole else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a profile."""
        whole, dosed = (round(share, 4) for share in self.right)
        steady = round(self.steady, 4)
        return {"questions": self.questions, "steady": steady, "all": whole, "by doses": dosed}


def observe_first_dose(
    model: Model, settings: Settings, profile: Profile, item: Item
) -> dict[str, Any]:
    """Answer a question from its most similar chunks alone: whether rightly, and with which index.

    Args:
        profile: judges, and tells the index.
    """
    own = settings.model_copy(update=FIRST_VARIANT)
    answer, right = answer_item(model, own, profile, item, DOSE)
    return {"right": right, "index": answer.volatility_index}


def compare_doses(
    whole: Sequence[bool], first: Sequence[Mapping[str, Any]], *, steady: float, seed: int
) -> Dosed | None:
    """Answers by doses beside those from all chunks; None where nothing was asked.

    Args:
        whole: whether each question is answered rightly from all of its chunks.
        first: of each, see :func:`observe_first_dose`.
        steady: the highest index with which the first dose is enough.
    """
    if not first:
        return None
    enough = [one["index"] is not None and one["index"] <= steady for one in first]
    dosed = [
        one["right"] if ends else right
        for right, one, ends in zip(whole, first, enough, strict=True)
    ]
    more = [float(a) - float(b) for a, b in zip(dosed, whole, strict=True)]
    count = len(dosed)
    return Dosed(
        count,
        sum(enough) / count,
        (sum(whole) / count, sum(dosed) / count),
        mean_interval(more, seed=seed, bounds=(-1.0, 1.0)),
    )


def dose_table(dosed: Dosed) -> Table:
    """What :func:`compare_doses` found."""
    whole, by_doses = dosed.right
    first = f"the {DOSE} most similar first, the others where that begins shaky"
    return Table(
        "All chunks at once, or in two doses",
        f"Right answers to {dosed.questions} questions. Of {dosed.steady:.2f} of them the first "
        f"dose is enough. With doses {dosed.more.signed()} more are right (95 % interval); where "
        "no fewer are, the profile has them.",
        ("read", "right"),
        (("all at once", f"{whole:.2f}"), (first, f"{by_doses:.2f}")),
    )
