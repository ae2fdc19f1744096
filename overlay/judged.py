"""What comes of passages that are judged, and not answered from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from overlay.answer import Event, Step, StepTaken
from probes.cost import Cost
from selector.budget import Budget

__all__ = ["Judged", "first_steps"]


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


def first_steps(events: Iterator[Event], count: int) -> tuple[Step, ...]:
    """So many steps of an answer, which is not begun."""
    return tuple(event.step for event in islice(events, count) if isinstance(event, StepTaken))
