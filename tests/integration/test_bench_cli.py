"""``overlay bench`` on the real model."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.test_cli import overlay

SMALL = ("--repeats", "1", "--answer-tokens", "4", "--draft-tokens", "4")


def test_bench_writes_what_it_measured(tmp_path: Path) -> None:
    done = overlay(
        *("bench", "--k", "2", "--length", "32", *SMALL, "--json"),
        *("--output", "bench.json", "--png", "bench.png", "--markdown", "bench.md"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    [[row, warm]] = json.loads(done.stdout).values()
    assert [row["mode"], warm["mode"]] == ["overlay", "warm"]
    written = json.loads((tmp_path / "bench.json").read_text())
    [timings] = written["timings"].values()
    by_mode = {timing["mode"]: timing for timing in timings}
    assert set(by_mode) == {"plain", "overlay", "warm"}
    assert set(by_mode["plain"]["cost"]) == {"answer"}
    assert {"probe", "answer"} <= set(by_mode["overlay"]["cost"])
    evaluated = {
        mode: sum(part["prefilled"] + part["decoded"] for part in timing["cost"].values())
        for mode, timing in by_mode.items()
    }
    assert evaluated["plain"] > 2 * 32
    assert row["evaluations"]["value"] == evaluated["overlay"] / evaluated["plain"]
    # The chunks are not read again, and neither is the prompt before them.
    assert evaluated["overlay"] - evaluated["warm"] >= 2 * 32
    assert row["first"]["value"] > 0
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "bench.md").read_text()
    assert "| cold | 2 | 32 |" in page
    assert "bench.png" in page


def test_chunks_that_do_not_fit_are_named(tmp_path: Path) -> None:
    done = overlay("bench", "--k", "64", "--length", "512", *SMALL, cwd=tmp_path)
    assert done.returncode == 2
    assert "64 chunks of 512 tokens do not fit" in done.stderr
    assert "context_size" in done.stderr
