"""The code on docs/clients.md, run as it stands but for the server's address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from overlay.settings import Settings

pytestmark = pytest.mark.real_model

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8321"
ANSWER = "06:40"


def blocks(language: str) -> list[str]:
    fences = [one for one in MarkdownIt().parse(PAGE) if one.type == "fence"]
    return [one.content for one in fences if one.info == language]


def test_all_blocks_are_of_a_kind_that_is_run_but_open_webuis() -> None:
    [other] = blocks("")
    assert "open-webui serve" in other
    assert len(blocks("python")) == 7
    assert len(blocks("sh")) == 1


@pytest.mark.parametrize("block", blocks("python"), ids=range(7))
def test_python(
    block: str,
    served: str,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OVERLAY_STORE", str(settings.store))
    monkeypatch.setenv("OVERLAY_CONTEXT_SIZE", str(settings.context_size))
    exec(compile(block.replace(ADDRESS, served), "docs/clients.md", "exec"), {})  # noqa: S102
    assert ANSWER in capsys.readouterr().out


@pytest.mark.parametrize("block", blocks("sh"), ids=["llm"])
def test_shell(block: str, served: str, tmp_path: Path) -> None:
    script = "\n".join(
        line for line in block.replace(ADDRESS, served).splitlines() if "pip install" not in line
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-euc", script],
        env=os.environ | {"LLM_USER_PATH": str(tmp_path), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert ANSWER in done.stdout
