"""The set-up script: what it reads from the lock files, what it says, and how it fails."""

from __future__ import annotations

import io
import re
import shutil
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest

from scripts import setup_venv
from scripts.setup_venv import (
    ROOT,
    TORCH,
    TORCH_CPU_INDEX,
    SetupError,
    follow,
    installed,
    plan,
    read_lock,
    torch_index,
)

DEMO, TESTS = (read_lock(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


def test_the_demo_installs_what_the_tests_do_and_no_tools_of_theirs() -> None:
    assert DEMO.items() < TESTS.items()
    assert names(PROJECT["project"]["dependencies"]) <= set(DEMO)
    extras = {
        kind: names(asked) for kind, asked in PROJECT["project"]["optional-dependencies"].items()
    }
    assert extras["documents"] <= set(DEMO)
    assert extras["multilingual"] <= set(TESTS)
    tools = extras["dev"] - {"overlay-rag"}  # itself, with these extras
    assert tools <= set(TESTS)
    # These are asked for by packages of the demo, too.
    assert tools & set(DEMO) <= {"jsonschema", "openai"}


def test_what_nobody_imports_is_left_out() -> None:
    left_out = set(PROJECT["tool"]["pip-tools"]["unsafe-package"])
    assert {"kubernetes", "onnxruntime"} <= left_out
    assert not left_out & set(TESTS)


def test_clients_that_agree_with_no_lock_file_have_one_of_their_own() -> None:
    clients = read_lock(ROOT / "requirements-clients.lock")
    assert not clients.keys() & TESTS.keys()
    assert set(clients.values()) <= installed(Path(sys.prefix))


def test_this_environment_holds_what_the_lock_file_says() -> None:
    assert set(DEMO.values()) <= installed(Path(sys.prefix))


def test_what_is_still_to_come_is_told() -> None:
    said = plan({TORCH: "torch==2.13.0", "numpy": "numpy==2", "llama-cpp-python": "llama==1"})
    assert "2 to fetch and install" in said
    assert "llama.cpp" in said
    assert "llama.cpp" not in plan({"numpy": "numpy==2"})


def test_torch_comes_from_the_index_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_INDEX", "file:///mirror")
    assert torch_index() == (["--extra-index-url", "file:///mirror"], "from file:///mirror")


def test_torch_brings_cuda_only_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert torch_index()[0] == []
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    assert torch_index()[0] == ["--extra-index-url", TORCH_CPU_INDEX]

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    found, why = torch_index()
    assert found == []
    assert "not reached" in why


def test_a_part_that_fails_shows_its_last_lines_and_its_log(tmp_path: Path) -> None:
    script = "import sys; print('compiling'); sys.exit('error: no space left')"
    seen: list[str] = []
    log = tmp_path / "part.log"
    with pytest.raises(SetupError) as caught:
        follow([sys.executable, "-c", script], log, seen.append)
    assert "error: no space left" in str(caught.value)
    assert str(log) in str(caught.value)
    assert log.read_text().splitlines() == [line.rstrip() for line in seen]


def test_without_a_compiler_it_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SetupError, match=r"apt-get install g\+\+"):
        setup_venv.check_compiler()
