"""Files to text in a process of their own: a hostile or broken file costs itself alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as ReadingTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from retriever.content import Content, Format, Part
from retriever.errors import DocumentError

__all__ = ["Limits", "Parser"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take.

    Attributes:
        seconds: of time.
        memory: MiB of address space; not limited on Windows.
    """

    seconds: float = 120.0
    memory: int = 2048


class Parser:
    """Reads files, one after the other. Use it as a context manager.

    The process is started with the first file, and again after one that it did not survive.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiter = ThreadPoolExecutor(1, thread_name_prefix="parser")

    def parse(self, path: Path, name: str) -> Content:
        """What stands in a file.

        Args:
            name: what messages call it; its suffix tells the format.

        Raises:
            DocumentError: it cannot be read, takes too long or too much memory, or ends the
                process that reads it.
        """
        process = self._process = self._process or self._start()
        reply = self._exchange(process, {"path": str(path), "name": name})
        if not reply:
            code = self._end()
            raise _unreadable(name, f"it ended the process that read it (exit status {code})")
        return _content(name, json.loads(reply))

    def close(self) -> None:
        """End the process."""
        self._end()
        self._waiter.shutdown()

    def _end(self) -> int:
        """End the process if there is one; its exit status, negative for a signal."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        # One that ended by itself keeps its own status.
        if process.poll() is None:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None  # noqa: S101 - tells mypy how it was started
            with suppress(OSError):  # a request may wait in it for a reader that is gone
                pipe.close()
        return process.wait()

    def _exchange(self, process: subprocess.Popen[bytes], request: Mapping[str, str]) -> bytes:
        """The line that answers a request; empty where the process has ended."""
        assert process.stdin is not None  # noqa: S101 - tells mypy how it was started
        assert process.stdout is not None  # noqa: S101 - likewise
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return b""
        reading = self._waiter.submit(process.stdout.readline)
        try:
            return reading.result(self._limits.seconds)
        except ReadingTimeoutError:
            process.kill()
            reading.result()
            self._end()
            took = f"it takes longer than {self._limits.seconds:g} s"
            raise _unreadable(request["name"], took) from None

    def _start(self) -> subprocess.Popen[bytes]:
        # Whatever made this process find the package makes the other one find it.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(  # noqa: S603 - this interpreter and a module of this package
            [sys.executable, "-m", "retriever.parsing_worker", str(self._limits.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _content(name: str, reply: dict[str, Any]) -> Content:
    if "error" in reply:
        raise DocumentError(reply["error"], hint=reply["hint"], param="source")
    if "failure" in reply:
        raise _unreadable(name, reply["failure"])
    parts = (Part(**{**part, "format": Format(part["format"])}) for part in reply.pop("parts"))
    return Content(tuple(parts), **reply)


def _unreadable(name: str, why: str) -> DocumentError:
    return DocumentError(
        f"{name} cannot be read: {why}",
        hint="open it with the program that made it and save it anew, or take it out of the folder",
        param="source",
    )
