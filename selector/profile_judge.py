"""What a profile says of the chunks of one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from probes.reading import Reading
from selector.axes import volatility
from selector.budget import Budget
from selector.judge import judge_rated
from selector.profile import Rated
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["ProfileJudge"]


@dataclass(frozen=True, slots=True)
class ProfileJudge:
    """Judges by what a profile says of each chunk before any draft.

    Attributes:
        rated: one a chunk of the question.
        question_gains: likewise, for the reasons.
        thresholds: scale the volatility that is reported.
    """

    rated: Sequence[Rated]
    question_gains: Sequence[float]
    thresholds: Thresholds
    budget: Budget

    def screen(self, place: int, spent: float) -> Verdict:
        """Judge a chunk of which nothing but its rating is known.

        Args:
            place: of the chunk among those of its question.
            spent: what was accepted before it spent.
        """
        return judge_rated(
            self.rated[place],
            self.budget,
            spent=spent,
            question_gain=self.question_gains[place],
        )

    def volatility(self, reading: Reading, marginal_drift: float | None) -> float:
        """See :func:`selector.axes.volatility`; it is reported and decides nothing."""
        return volatility(reading, self.thresholds, marginal_drift)
