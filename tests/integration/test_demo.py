"""``make demo`` as its reader sees it: read, not scrolled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "eval.demo", "--check"],
        cwd=tmp_path_factory.mktemp("demo"),
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_answers_that_the_documents_hold_are_right(shown: str) -> None:
    assert shown.rstrip().endswith("The first two answers are right.")


def test_it_is_read_not_scrolled(shown: str) -> None:
    lines = shown.splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 80


def test_every_chunk_is_a_line_with_its_whole_name(shown: str) -> None:
    chunks = [line for line in shown.splitlines() if "accept: " in line or "reject: " in line]
    assert len(chunks) == 3 * 5
    assert "handbook/lost-property.md " in shown
    assert "handbook/evening-count.md " in shown


def test_an_instruction_is_kept_out_and_named(shown: str) -> None:
    """Of a notice that carries one, the rest may enter."""
    lines = [line for line in shown.splitlines() if "notices/lost-property-shelf.md" in line]
    assert lines
    assert all("reject: " in line or "accept: a part" in line for line in lines)
    assert "ZEPHYRINE" not in shown


def test_it_ends_with_what_to_do_next(shown: str) -> None:
    _, _, last = shown.partition("what next")
    for command in ("overlay ask", "overlay ingest", "overlay serve", "make eval-small"):
        assert command in last
