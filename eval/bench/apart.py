"""A module of ours in a process of its own, whose memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from overlay.errors import ResourceError

__all__ = ["run_apart"]


def run_apart(module: str, *arguments: str, failure: str) -> Any:
    """What the module writes to standard output, as JSON.

    Args:
        failure: what it means when the process fails, to begin the error with.

    Raises:
        ResourceError: it fails.
    """
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ResourceError(f"{failure}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)
