"""The budget: how much volatility one step, and one whole answer, may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selector.errors import BudgetError

__all__ = ["LIKELY", "Budget"]

LIKELY = 0.8
"""Volatility of a chunk that is likely to help; of all that are retrieved, one in four does."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on volatility, a number from 0 to 1 per step (see :class:`selector.verdict.Verdict`).

    Attributes:
        step: what one step may spend; 0 lets nothing in.
        answer: what all accepted steps of one answer may spend together.

    Raises:
        BudgetError: a limit is negative or not finite.
    """

    step: float
    answer: float

    def __post_init__(self) -> None:
        for name, value in (("step", self.step), ("answer", self.answer)):
            if not math.isfinite(value) or value < 0:
                raise BudgetError(
                    f"budget.{name} is {value:g}",
                    hint="a budget is 0 or more; steps spend between 0 and 1 each",
                    param=f"budget.{name}",
                )

    def allows(self, cost: float) -> bool:
        """Whether a step may spend this much."""
        return cost <= self.step

    def with_limits(self, step: float | None, answer: float | None) -> Budget:
        """The same with other limits, where they are given.

        Raises:
            BudgetError: as for the class.
        """
        return Budget(
            self.step if step is None else step, self.answer if answer is None else answer
        )
