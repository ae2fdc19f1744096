"""Peak memory of a piece of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Peak", "peak_memory"]

_PERIOD = 0.005


@dataclass(slots=True)
class Peak:
    """Bytes that the process held at most, beyond what it held when the work began."""

    size: int = 0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Sample the process's resident memory 200 times a second while the block runs.

    What was freed before and is used again costs nothing by this measure, so a first run tells
    more than a later one.
    """
    import psutil

    process = psutil.Process()
    start = process.memory_info().rss
    peak = Peak()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_PERIOD):
            peak.size = max(peak.size, process.memory_info().rss - start)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        peak.size = max(peak.size, process.memory_info().rss - start)
