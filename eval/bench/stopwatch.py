"""Where the time of a piece of work goes, by the functions that are watched."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Stopwatch"]


class Stopwatch:
    """Books wall time to parts. A part that runs inside another is not booked to that one too.

    For one thread: time that other threads spend is booked to whatever the first one waits in.

    Attributes:
        seconds: by part.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Book what runs inside to ``name``."""
        self._book()
        self._open.append(name)
        try:
            yield
        finally:
            self._book()
            self._open.pop()

    @contextmanager
    def watching(self, *watched: tuple[object, str, str]) -> Iterator[None]:
        """Book calls of functions as long as the block lasts.

        Args:
            watched: an object or class, the name of its function, and the part.
        """
        # As they stand there, so that a static method is put back as one.
        kept = [(owner, name, owner.__dict__.get(name)) for owner, name, _ in watched]
        for owner, name, part in watched:
            setattr(owner, name, self._watched(getattr(owner, name), part))
        try:
            yield
        finally:
            for owner, name, function in kept:
                if function is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, function)

    def _watched(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            with self.part(part):
                return function(*arguments, **options)

        return timed

    def _book(self) -> None:
        now = time.perf_counter()
        if self._open:
            part = self._open[-1]
            self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now
