"""The budget: how much volatility one step, and one whole answer, may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selector.errors import BudgetError

__all__ = ["Budget", "budget_for"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on volatility, a number in [0, 1] per step (see :mod:`selector.axes`).

    Attributes:
        step: what one step may spend; 0 lets nothing in that moves the model without evidence.
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

    def with_limits(self, step: float | None, answer: float | None) -> Budget:
        """The same with other limits, where they are given.

        Raises:
            BudgetError: as for the class.
        """
        return Budget(
            self.step if step is None else step, self.answer if answer is None else answer
        )


_STEP_ON_THRESHOLDS = 0.5
# A chance that the chunk does not help. One that turns out irrelevant costs less than one that
# helped and was kept out, so it may be somewhat likelier not to help than to.
_STEP_UNDER_PROFILE = 0.6


def budget_for(step: float | None, answer: float, *, profile: bool) -> Budget:
    """The budget of an answer; what a step may spend by default depends on who judges.

    Args:
        step: None for the default.
        profile: whether a profile judges. Then steps spend chances that a chunk does not help, and
            else volatility.

    Raises:
        BudgetError: as :class:`Budget`.
    """
    default = _STEP_UNDER_PROFILE if profile else _STEP_ON_THRESHOLDS
    return Budget(default if step is None else step, answer)
