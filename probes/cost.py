"""What evaluations cost: tokens and forward calls, counted where they happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Cost", "Ledger", "Meter"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Counts; the unit of all but ``calls`` is a token.

    Attributes:
        prefilled: evaluated as part of a prompt, or of a window that is read. A token that is
            differentiated counts twice, once forward and once backward.
        decoded: evaluated to draw the next token of a draft or an answer.
        reused: stood before a window, a draft or an answer and came from a cache. Without a cache
            they would have been prefilled as well.
        calls: forward calls.
    """

    prefilled: int = 0
    decoded: int = 0
    reused: int = 0
    calls: int = 0

    @property
    def evaluated(self) -> int:
        """Model-token evaluations: the unit in which every cost is compared."""
        return self.prefilled + self.decoded

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.prefilled + other.prefilled,
            self.decoded + other.decoded,
            self.reused + other.reused,
            self.calls + other.calls,
        )

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.prefilled - other.prefilled,
            self.decoded - other.decoded,
            self.reused - other.reused,
            self.calls - other.calls,
        )


class Meter:
    """A model's counter.

    Attributes:
        cost: all that was spent so far.
        watch: called after every forward call; what it raises ends what the model does.
    """

    def __init__(self) -> None:
        self.cost = Cost()
        self.watch: Callable[[], None] | None = None

    def prefill(self, rows: int) -> None:
        """Count a forward call over rows of prompts or windows."""
        self.cost += Cost(prefilled=rows, calls=1)
        self._look()

    def decode(self, rows: int) -> None:
        """Count a forward call that draws one token for each row."""
        self.cost += Cost(decoded=rows, calls=1)
        self._look()

    def guess(self) -> None:
        """Count a token that a forward call had guessed and drew as well."""
        self.cost += Cost(decoded=1)

    def reuse(self, tokens: int) -> None:
        """Count tokens that came from a cache."""
        self.cost += Cost(reused=tokens)

    def _look(self) -> None:
        if self.watch is not None:
            self.watch()


class _Metered(Protocol):
    @property
    def cost(self) -> Cost: ...


class Ledger:
    """Books what a model spends to phases.

    Attributes:
        phases: by name, in the order in which they were first booked.
        opened: when, on the clock of :func:`time.perf_counter`.
    """

    def __init__(self, model: _Metered) -> None:
        self._model = model
        self._booked = model.cost
        self.phases: dict[str, Cost] = {}
        self.opened = time.perf_counter()

    def book(self, phase: str) -> None:
        """Book to ``phase`` what was spent since the last booking."""
        spent = self._model.cost
        self.phases[phase] = self.phases.get(phase, Cost()) + (spent - self._booked)
        self._booked = spent

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Book to ``name`` what is spent inside."""
        yield
        self.book(name)

    @property
    def total(self) -> Cost:
        """All that was booked."""
        return sum(self.phases.values(), Cost())
