"""The process that makes collections hold their uploads; see :mod:`overlay.uploads.background`.

The first line of its input says how; every further one says that there is something to do. It ends
when there has been nothing for a while, and at once when whoever started it is gone. What it does
it tells on its output, a line of JSON each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO

from overlay.errors import BusyError, OverlayError
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.holding import hold
from overlay.uploads.wanted import Wanted

__all__: list[str] = []

_PATIENCE = 5.0  # seconds without anything to do
_NICE = 5  # answers come first


class _Reports:
    """Lines on standard output, out of reach of libraries that write there."""

    def __init__(self) -> None:
        self._output = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def tell(self, **report: object) -> None:
        self._output.write(json.dumps(report).encode() + b"\n")
        self._output.flush()


def _work(settings: Settings, catalogue: Catalogue, reports: _Reports, at_once: int | None) -> bool:
    """Do all that is to be done, a turn of each collection after the other; whether that worked."""
    failed: set[str] = set()
    while waiting := [name for name in catalogue.unfinished() if name not in failed]:
        for name in waiting:

            def begun(files: Sequence[str], name: str = name) -> None:
                reports.tell(collection=name, files=files)

            limit = {} if at_once is None else {"at_once": at_once}
            try:
                hold(settings, Wanted(settings.store, name), catalogue.shelf, begun, **limit)
            except OverlayError as error:
                failed.add(name)
                trouble = None if isinstance(error, BusyError) else str(error)
                reports.tell(collection=name, failed=True, trouble=trouble)
            else:
                reports.tell(collection=name, failed=False)
    return not failed


def _listen(pipe: BinaryIO, calls: Queue[None]) -> None:
    for _ in pipe:
        calls.put(None)
    os._exit(0)  # whoever started this is gone; what is half done is dropped, and done again


def main() -> None:
    """Work until there has been nothing to do for a while."""
    reports = _Reports()
    request = json.loads(sys.stdin.buffer.readline())
    calls: Queue[None] = Queue()
    Thread(target=_listen, args=(sys.stdin.buffer, calls), daemon=True).start()
    with suppress(OSError, AttributeError):  # Windows has no such thing
        os.nice(_NICE)
    settings = Settings(**request["settings"])
    catalogue = Catalogue(settings)
    fine = True
    while fine:
        fine = _work(settings, catalogue, reports, request["at_once"])
        try:
            calls.get(timeout=_PATIENCE)
        except Empty:
            break
    # At once: the other thread waits for input, which an orderly end would wait for too.
    os._exit(0 if fine else 1)


if __name__ == "__main__":
    main()
