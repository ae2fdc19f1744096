"""How well a confidence tells right answers from wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.calibration.answers import FittedConfidence
from overlay.views.text_table import Table
from selector.statistics.interval import Interval
from selector.statistics.ranking import wrong_answer_auroc
from selector.statistics.reliability import brier, expected_calibration_error

__all__ = ["Sure", "how_sure", "sure_table"]


@dataclass(frozen=True, slots=True)
class Sure:
    """What became of the chances that a confidence gave.

    Attributes:
        right: share of right answers.
        auroc: chance that a right answer has more confidence than a wrong one.
        ece, brier: expected calibration error and squared error of it as a chance.
    """

    right: float
    auroc: Interval
    ece: float
    brier: float

    def rounded(self) -> dict[str, float]:
        """Plain data."""
        found = {"right": self.right, "auroc": self.auroc.value, "ece": self.ece}
        return {name: round(value, 4) for name, value in (found | {"brier": self.brier}).items()}


def how_sure(fitted: FittedConfidence, *, seed: int) -> tuple[Sure, Sure | None]:
    """Hold the chances against whether the answers are right.

    Args:
        seed: makes the intervals repeatable.

    Returns:
        By weights fitted on other questions of all data sets, and by weights fitted on the other
        data sets; None where there is one only.
    """
    there = _how_sure(fitted.elsewhere, fitted, seed) if fitted.elsewhere else None
    return _how_sure(fitted.chances, fitted, seed), there


def _how_sure(chances: Sequence[float], fitted: FittedConfidence, seed: int) -> Sure:
    wrong = [not right for right in fitted.right]
    doubts = [1 - chance for chance in chances]
    auroc = wrong_answer_auroc(doubts, wrong, fitted.questions, seed=seed)
    assert auroc is not None  # noqa: S101 - a fit needs right answers and wrong ones
    return Sure(
        right=sum(fitted.right) / len(wrong),
        auroc=auroc,
        ece=expected_calibration_error(doubts, wrong),
        brier=brier(doubts, wrong),
    )


def sure_table(here: Sure, elsewhere: Sure | None) -> Table:
    """What :func:`how_sure` found, a row each."""
    found = {"questions like these": here, "another data set": elsewhere}
    return Table(
        "How sure an answer is",
        "The confidence that is reported with an answer, against whether it is right: by "
        "weights fitted on other questions of all sets, and on the other sets. The squared "
        "error of always saying the share of right answers stands in brackets.",
        ("", "right", "AUROC", "ECE", "squared error"),
        tuple(
            (
                where,
                f"{sure.right:.2f}",
                str(sure.auroc),
                f"{sure.ece:.3f}",
                f"{sure.brier:.3f} ({sure.right * (1 - sure.right):.3f})",
            )
            for where, sure in found.items()
            if sure is not None
        ),
    )
