"""What ``import overlay`` offers, and that it loads none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import overlay

HEAVY = ("torch", "transformers", "chromadb", "llama_cpp", "numpy", "pydantic", "click")


def test_the_public_names() -> None:
    assert overlay.__all__ == ["Answer", "Overlay", "Settings", "open_overlay"]
    assert set(overlay.__all__) <= set(dir(overlay))


@pytest.mark.parametrize("name", overlay.__all__)
def test_a_public_name_is_what_its_module_calls_so(name: str) -> None:
    found = getattr(overlay, name)
    assert found.__name__ == name
    assert found.__module__.partition(".")[0] == "overlay"
    assert getattr(sys.modules[found.__module__], name) is found


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'overlay' has no attribute 'Overly'"):
        _ = overlay.Overly  # type: ignore[attr-defined]  # that type checkers see it, too


def test_importing_it_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, overlay\n"
        "print(sorted(name for name in sys.modules\n"
        f"    if name.partition('.')[0] in {HEAVY} or name.startswith('overlay.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
