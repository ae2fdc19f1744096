"""The ``overlay`` command as tests run it: in a process of its own, or in this one."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from overlay.cli.main import main

__all__ = ["overlay", "overlay_here"]

Done = subprocess.CompletedProcess[str]


def overlay(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "overlay", *arguments],
        cwd=cwd,
        env=os.environ | dict(env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def overlay_here(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run the command in this process, where torch and Chroma need not be imported anew.

    What it prints and returns is the same; for what a process does by itself, such as reading
    its environment early or logging, take :func:`overlay`.
    """
    out, err = io.StringIO(), io.StringIO()
    code = 0
    handlers = list(logging.root.handlers)
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, env or {}),
        mock.patch.object(sys, "argv", ["overlay", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            # As the interpreter ends: a message counts as a failure, nothing as done.
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    logging.root.handlers = handlers
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
