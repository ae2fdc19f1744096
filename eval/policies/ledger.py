"""Work that several policies need for one case: done once, charged to each in full."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from typing import Any, NamedTuple, TypeVar, cast

from probes.protocol import Model

__all__ = ["Cost", "Ledger"]

_Result = TypeVar("_Result")


class Cost(NamedTuple):
    """Model-token evaluations and wall time, in seconds."""

    evaluated: int
    seconds: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.evaluated - other.evaluated, self.seconds - other.seconds)


class Ledger:
    """Keeps results until the case is done, and counts what each policy would have spent alone.

    The difference of two readings of :attr:`cost` is what the work between them costs, whether
    it was done there or taken from before.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: dict[Hashable, tuple[Any, Cost]] = {}
        self._taken = Cost(0, 0.0)
        self.resources = ExitStack()

    @property
    def cost(self) -> Cost:
        """All that was spent since the start, taken results at their full price."""
        return Cost(
            self._model.evaluated + self._taken.evaluated,
            time.perf_counter() + self._taken.seconds,
        )

    def once(self, key: Hashable, work: Callable[[], _Result]) -> _Result:
        """The result of ``work``, which is called unless this key's result is kept already."""
        if key in self._kept:
            result, price = self._kept[key]
            self._taken = Cost(
                self._taken.evaluated + price.evaluated, self._taken.seconds + price.seconds
            )
            return cast(_Result, result)
        before = self.cost
        result = work()
        self._kept[key] = result, self.cost - before
        return result

    def forget(self) -> None:
        """Drop all results, and close what :attr:`resources` holds."""
        self._kept.clear()
        self.resources.close()
