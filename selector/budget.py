"""The budget: how much volatility one step, and one whole answer, may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selector.errors import BudgetError

__all__ = ["Budget", "budget_for"]

# Chunks that do not help, expected in one context.
_ANSWER_UNDER_PROFILE = 1.0
_ANSWER_ON_THRESHOLDS = 2.0


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


def budget_for(step: float, answer: float | None, *, profile: bool) -> Budget:
    """The budget of an answer; what the whole answer may spend depends on who judges by default.

    Args:
        answer: None for the default.
        profile: whether a profile judges. Then steps spend chances that a chunk does not help, and
            else volatility.

    Raises:
        BudgetError: as :class:`Budget`.
    """
    default = _ANSWER_UNDER_PROFILE if profile else _ANSWER_ON_THRESHOLDS
    return Budget(step, default if answer is None else answer)
