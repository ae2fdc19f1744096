"""How well a volatility index tells wrong answers from right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.calibration.index import FittedIndex
from overlay.views.text_table import Table
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
    """

    wrong: float
    auroc: Interval
    ece: float
    brier: float

    def rounded(self) -> dict[str, float]:
        """Plain data."""
        found = {"wrong": self.wrong, "auroc": self.auroc.value, "ece": self.ece}
        return {name: round(value, 4) for name, value in (found | {"brier": self.brier}).items()}


def index_quality(fitted: FittedIndex, *, seed: int) -> tuple[IndexQuality, IndexQuality | None]:
    """Hold the chances against whether the answers are wrong.

    Args:
        seed: makes the intervals repeatable.

    Returns:
        By weights fitted on other questions of all data sets, and by weights fitted on the other
        data sets; None where there is one only.
    """
    there = _quality(fitted.elsewhere, fitted, seed) if fitted.elsewhere else None
    return _quality(fitted.chances, fitted, seed), there


def _quality(chances: Sequence[float], fitted: FittedIndex, seed: int) -> IndexQuality:
    auroc = wrong_answer_auroc(chances, fitted.wrong, fitted.questions, seed=seed)
    assert auroc is not None  # noqa: S101 - a fit needs right answers and wrong ones
    return IndexQuality(
        wrong=sum(fitted.wrong) / len(fitted.wrong),
        auroc=auroc,
        ece=expected_calibration_error(chances, fitted.wrong),
        brier=brier(chances, fitted.wrong),
    )


def index_table(here: IndexQuality, elsewhere: IndexQuality | None) -> Table:
    """What :func:`index_quality` found, a row each."""
    found = {"questions like these": here, "another data set": elsewhere}
    return Table(
        "The volatility index of an answer",
        "The chance of being wrong that is reported with an answer, against whether it is wrong: "
        "by weights fitted on other questions of all sets, and on the other sets. The squared "
        "error of always saying the share of wrong answers stands in brackets.",
        ("", "wrong", "AUROC", "ECE", "squared error"),
        tuple(
            (
                where,
                f"{quality.wrong:.2f}",
                str(quality.auroc),
                f"{quality.ece:.3f}",
                f"{quality.brier:.3f} ({quality.wrong * (1 - quality.wrong):.3f})",
            )
            for where, quality in found.items()
            if quality is not None
        ),
    )
