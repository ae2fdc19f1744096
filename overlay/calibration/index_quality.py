"""How well a volatility index tells wrong answers from right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from overlay.views.text_table import Table
from selector.profile import Fold
from selector.statistics.interval import Interval
from selector.statistics.ranking import wrong_answer_auroc
from selector.statistics.reliability import brier, expected_calibration_error

__all__ = ["IndexQuality", "index_quality", "index_table"]


@dataclass(frozen=True, slots=True)
class IndexQuality:
    """What became of the chances that an index gave.

    Attributes:
        wrong: share of wrong answers.
        auroc: chance that a wrong answer has the higher index than a right one.
        ece, brier: expected calibration error and squared error of it as a chance.
        surest_half: how often the half of the answers with the lowest index is right, that of all
            answers as 1.
    """

    wrong: float
    auroc: Interval
    ece: float
    brier: float
    surest_half: float

    def rounded(self) -> dict[str, float]:
        """Plain data."""
        found = {"wrong": self.wrong, "auroc": self.auroc.value, "ece": self.ece}
        found |= {"brier": self.brier, "surest_half": self.surest_half}
        return {name: round(value, 4) for name, value in found.items()}


def left_out_words(folds: Sequence[Fold]) -> str:
    """What the weights of each fold were fitted on, as a table says it."""
    return "the other data sets" if any(fold.dataset for fold in folds) else "other questions"


def index_quality(
    chances: Sequence[float], wrong: Sequence[bool], questions: Sequence[str], *, seed: int
) -> IndexQuality | None:
    """Hold the chances against whether the answers are wrong.

    Args:
        questions: whose answers these are; an interval takes those of one together.
        seed: makes the interval repeatable.

    Returns:
        None where all answers are right, or all wrong.
    """
    auroc = wrong_answer_auroc(chances, wrong, questions, seed=seed)
    if auroc is None:
        return None
    return IndexQuality(
        wrong=sum(wrong) / len(wrong),
        auroc=auroc,
        ece=expected_calibration_error(chances, wrong),
        brier=brier(chances, wrong),
        surest_half=_surest_half(chances, wrong),
    )


def _surest_half(chances: Sequence[float], wrong: Sequence[bool]) -> float:
    ranked = np.asarray(wrong)[np.argsort(chances, kind="stable")]
    return float((1 - ranked[: len(ranked) // 2].mean()) / (1 - ranked.mean()))


def index_table(quality: IndexQuality, fitted_on: str) -> Table:
    """What :func:`index_quality` found.

    Args:
        fitted_on: see :func:`left_out_words`.
    """
    return Table(
        "The volatility index of an answer",
        "The chance of being wrong that is reported with an answer, against whether it is wrong; "
        "of answers from chunks, in every variant that was asked. "
        "The squared error of always saying the share of wrong answers stands in brackets.",
        (
            "by weights fitted on",
            "wrong",
            "AUROC",
            "ECE",
            "squared error",
            "right of the surest half, all as 1",
        ),
        (
            (
                fitted_on,
                f"{quality.wrong:.2f}",
                str(quality.auroc),
                f"{quality.ece:.3f}",
                f"{quality.brier:.3f} ({quality.wrong * (1 - quality.wrong):.3f})",
                f"{quality.surest_half:.2f}",
            ),
        ),
    )
