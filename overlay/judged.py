"""What comes of passages that are judged, and not answered from."""

from __future__ import annotations

from dataclasses import dataclass

from overlay.answer import Step
from probes.cost import Cost
from selector.budget import Budget

__all__ = ["Judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Passages with a verdict each.

    Attributes:
        steps: one a passage, in the order in which they would enter the context.
        cost: what the model spent.
    """

    steps: tuple[Step, ...]
    budget: Budget
    cost: Cost

    @property
    def spent(self) -> float:
        """Volatility that the accepted steps would spend."""
        return sum(step.verdict.spent for step in self.steps)
