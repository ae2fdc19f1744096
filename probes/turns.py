"""Tasks over one model that take turns in one thread, and draw their tokens in the same calls."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from greenlet import greenlet

from probes.cost import Cost, Meter
from probes.errors import NoRoomError

__all__ = ["Turns"]

_Draw = TypeVar("_Draw")


@dataclass(slots=True, eq=False)
class _Task(Generic[_Draw]):
    """One task, what it spent, who watches it, and what it waits for.

    Attributes:
        draw: None where it does not wait for a token.
        error: what that failed with.
    """

    own: greenlet
    cost: Cost = field(default_factory=Cost)
    watch: Callable[[], None] | None = None
    draw: _Draw | None = None
    error: Exception | None = None


class Turns(Generic[_Draw]):
    """Runs tasks until each wants a token, and works these out together.

    A forward call for several tokens of as many sessions takes hardly longer than one for a single
    token: what a model's weights cost to read is paid once.

    Args:
        meter: the model's; each task sees a counter and a watch of its own.
        draw: works out several draws in one go; None where the model cannot: a task then runs to
            its end in one turn.
    """

    def __init__(self, meter: Meter, draw: Callable[[Sequence[_Draw]], None] | None = None) -> None:
        self._meter = meter
        self._draw = draw
        self._tasks: list[_Task[_Draw]] = []
        self._current: _Task[_Draw] | None = None
        self._scheduler: greenlet | None = None

    @property
    def together(self) -> bool:
        """Whether tasks take turns before they end."""
        return self._draw is not None

    @property
    def tasks(self) -> int:
        """How many have not ended."""
        return len(self._tasks)

    def start(self, work: Callable[[], None]) -> None:
        """Add a task, which begins at its first turn; it must not raise."""
        own = greenlet(work)
        own.gr_context = contextvars.copy_context()
        self._tasks.append(_Task(own))

    def step(self) -> None:
        """Give all that wait for a token theirs, and one of the others a turn: the oldest.

        So nobody's answer stops for longer than a part of somebody's prompt takes. Where there is
        no room for all, the youngest is told so, and the others wait for what it gives free.
        """
        waiting = [task for task in self._tasks if task.draw is not None]
        others = [task for task in self._tasks if task.draw is None]
        if waiting:
            waiting = self._drawn(waiting)
        for task in [*waiting, *others[:1]]:
            self._resume(task)

    def _drawn(self, waiting: list[_Task[_Draw]]) -> list[_Task[_Draw]]:
        """Those that have their token, or are to hear why there is none."""
        assert self._draw is not None  # noqa: S101 - else nothing waits
        try:
            self._draw([task.draw for task in waiting if task.draw is not None])
        except NoRoomError as error:
            waiting[-1].error = error
            return waiting[-1:]
        except Exception as error:  # noqa: BLE001 - raised in each task, whose it is
            for task in waiting:
                task.error = error
        return waiting

    def wait(self, draw: _Draw) -> bool:
        """Work out a draw, beside those of other tasks.

        Returns:
            False outside of a task: nothing was done.

        Raises:
            Exception: what working them out raises.
        """
        task = self._current
        if task is None:
            return False
        task.draw = draw
        self._away()
        task.draw, error, task.error = None, task.error, None
        if error is not None:
            raise error
        return True

    def rest(self) -> None:
        """Let others go on, between two forward calls; outside of a task it does nothing."""
        if self._current is not None:
            self._away()

    def _away(self) -> None:
        if self._scheduler is None:
            raise RuntimeError("a task runs outside of its turn")
        self._scheduler.switch()

    def _resume(self, task: _Task[_Draw]) -> None:
        meter, before = self._meter, (self._meter.cost, self._meter.watch)
        self._scheduler = greenlet.getcurrent()
        self._current, meter.cost, meter.watch = task, task.cost, task.watch
        try:
            task.own.switch()
        finally:
            spent, task.cost, task.watch = meter.cost - task.cost, meter.cost, meter.watch
            self._current = None
            meter.cost, meter.watch = before[0] + spent, before[1]
            if task.own.dead:
                self._tasks.remove(task)
