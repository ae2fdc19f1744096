"""Starts the process that ingests uploads, and starts it again as often as it takes.

It is a process of its own, so that neither a slow file nor a broken one costs an answer, and the
memory that an ingest takes is free again afterwards. There is one at a time.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from typing import Any

from overlay.errors import OverlayError
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.holding import SERVER
from overlay.uploads.wanted import Wanted

__all__ = ["Background"]

_SHORTEST, _LONGEST = 0.5, 60.0  # seconds before what failed is tried again
_DEATHS = 3  # of the process over one file, after which the file is given up

_logger = logging.getLogger(__name__)


class Background:
    """Makes the collections follow the records of a catalogue, in a process of its own.

    Args:
        settings: how documents are chunked and embedded.
        catalogue: is told what went wrong.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._wanted = threading.Event()
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        self._troubles: dict[str, str] = {}
        self._deaths: Counter[str] = Counter()
        self._at_once: int | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="overlay-uploads", daemon=True)

    def start(self) -> None:
        """Go on with what an earlier server left, and wait for more."""
        self._catalogue.troubles = self._troubles
        self._wanted.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do; returns at once."""
        self._wanted.set()
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with suppress(OSError, ValueError):  # it ends just now
                    self._process.stdin.write(b"\n")
                    self._process.stdin.flush()

    def stop(self) -> None:
        """End the process; what it has not published is done by the next one."""
        self._stopping = True
        self._wanted.set()
        with self._lock:
            if self._process is not None:
                self._process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause: float | None = 0.0
        while True:
            self._wanted.wait(pause)
            if self._stopping:
                return
            self._wanted.clear()
            try:
                names = self._catalogue.unfinished()
                fine = not names or self._ingest()
            except Exception:
                _logger.exception("uploads wait: the process that ingests them could not be run")
                fine, names = False, ["?"]
            if not fine:
                pause = min(_LONGEST, max(_SHORTEST, 2 * (pause or 0.0)))
            else:
                pause = _SHORTEST if names else None

    def _ingest(self) -> bool:
        """Run the process to its end; whether all went well."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        request = {
            "settings": self._settings.model_dump(mode="json", exclude_unset=True),
            "at_once": self._at_once,
        }
        with self._lock:
            if self._stopping:
                return True
            process = subprocess.Popen(
                [sys.executable, "-m", "overlay.uploads.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
            assert process.stdin is not None  # noqa: S101 - tells mypy how it was started
            assert process.stdout is not None  # noqa: S101 - likewise
            self._process = process
            with suppress(OSError):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
        files: list[str] = []
        for line in process.stdout:
            files = self._heard(json.loads(line))
        code = process.wait()
        with self._lock:
            self._process = None
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # a call may wait in it that nobody reads
                    pipe.close()
        self._at_once = None
        if code not in (0, 1) and not self._stopping:
            self._died(files, code)
        return code == 0

    def _heard(self, report: dict[str, Any]) -> list[str]:
        """Take a report in; the files that are being read now."""
        name = report["collection"]
        if "files" in report:
            return list(report["files"])
        if report["failed"] and report["trouble"]:
            if self._troubles.get(name) != report["trouble"]:
                _logger.error("uploads of collection %s wait: %s", name, report["trouble"])
            self._troubles[name] = report["trouble"]
        elif not report["failed"]:
            self._troubles.pop(name, None)
        return []

    def _died(self, files: list[str], code: int) -> None:
        """The process was ended from outside, or by a file: find out by which, and give that up."""
        _logger.error("the process that ingests uploads ended with status %s", code)
        self._at_once = 1
        if len(files) != 1:
            return
        (guilty,) = files
        self._deaths[guilty] += 1
        if self._deaths[guilty] < _DEATHS:
            return
        with suppress(OverlayError):
            for name in self._catalogue.names():
                wanted = Wanted(self._settings.store, name)
                for one in wanted.attached():
                    if one.file_id == guilty:
                        ended = f"it ended the process that ingested it (exit status {code})"
                        wanted.fail(one, SERVER, ended)
