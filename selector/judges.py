"""Who judges the chunks of one question: plain thresholds, or a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from probes.reading import Reading
from selector.axes import volatility
from selector.budget import Budget
from selector.judge import judge, judge_rated
from selector.profile import Rated
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["Judge", "ProfileJudge", "ThresholdsJudge"]


class Judge(Protocol):
    """Gives verdicts on the chunks of one question."""

    def verdict(
        self,
        place: int,
        reading: Reading,
        *,
        spent: float,
        draft: str,
        marginal_drift: float | None = None,
    ) -> Verdict:
        """Judge a chunk; the arguments are those of :func:`selector.judge.judge`.

        Args:
            place: of the chunk among those of its question.
        """


@dataclass(frozen=True, slots=True)
class ThresholdsJudge:
    """Judges a reading on the plain thresholds."""

    thresholds: Thresholds
    budget: Budget

    def verdict(
        self,
        place: int,  # noqa: ARG002 - part of the protocol
        reading: Reading,
        *,
        spent: float,
        draft: str,
        marginal_drift: float | None = None,
    ) -> Verdict:
        """See :class:`Judge`."""
        return judge(
            reading,
            self.thresholds,
            self.budget,
            spent=spent,
            draft=draft,
            marginal_drift=marginal_drift,
        )


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

    def screen(self, order: Sequence[int]) -> dict[int, Verdict]:
        """What can be said of chunks that nothing else was read of.

        Args:
            order: places, those first that may spend of the answer's budget first.

        Returns:
            By place; what is accepted will be, in whatever order it is injected.
        """
        verdicts = {}
        spent = 0.0
        for place in order:
            verdicts[place] = verdict = self._judge(place, spent=spent, volatility=None)
            spent += verdict.spent
        return verdicts

    def verdict(
        self,
        place: int,
        reading: Reading,
        *,
        spent: float,
        draft: str,  # noqa: ARG002 - part of the protocol
        marginal_drift: float | None = None,
    ) -> Verdict:
        """See :class:`Judge`."""
        shaken = volatility(reading, self.thresholds, marginal_drift)
        return self._judge(place, spent=spent, volatility=shaken)

    def _judge(self, place: int, *, spent: float, volatility: float | None) -> Verdict:
        return judge_rated(
            self.rated[place],
            self.budget,
            spent=spent,
            question_gain=self.question_gains[place],
            v=volatility,
        )
