"""The real server in a process of its own, for as long as a block lasts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from overlay.errors import ResourceError

__all__ = ["Serving", "serving"]

# Whoever asks here sends no key, and reads its log as text.
_OPEN = {"OVERLAY_API_KEYS": "", "OVERLAY_LOG": "text"}
_COMMAND = ("-m", "overlay", "serve", "--port", "0")


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server: its process, and the address where it listens."""

    process: int
    url: str


@contextmanager
def serving(store: Path, *, ready_seconds: float) -> Iterator[Serving]:
    """Run ``overlay serve`` over a store on a free port until the block ends.

    Settings but the store, keys and the log's form are those of the environment.

    Args:
        ready_seconds: how long it may take to load.

    Raises:
        ResourceError: the server does not start.
    """
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *_COMMAND],
        env=os.environ | _OPEN | {"OVERLAY_STORE": str(store.absolute())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Serving(process.pid, _wait(process, ready_seconds))
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[str], seconds: float) -> str:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"listens on (http://\S+)", line):
            break
    else:
        raise ResourceError(f"the server did not start: {said.strip()}")
    url = found[1]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        health = httpx.get(f"{url}/health", timeout=10)
        if health.status_code == httpx.codes.OK:
            return url
        if health.json().get("status") == "failed":
            raise ResourceError(f"the server did not load: {health.text}")
        time.sleep(0.2)
    raise ResourceError(f"the server is not ready after {seconds:.0f} s")
