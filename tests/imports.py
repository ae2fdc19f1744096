"""What running some code imports, in a process that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["imported"]

_ROOT = Path(__file__).resolve().parents[1]


def imported(code: str, cwd: Path = _ROOT) -> set[str]:
    """The names of all modules that are imported once ``code`` has run."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())
