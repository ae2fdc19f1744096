"""The budget: how much volatility one step, and one whole answer, may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

from selector.errors import BudgetError

__all__ = ["Budget"]


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
