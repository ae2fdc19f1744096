"""Runs survive their file, and one page shows several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.bench.measure import Timing
from eval.bench.page import page
from eval.bench.run import Run, read_run
from overlay.errors import InputError
from tests.eval.bench.test_summary import timing

TIMINGS: list[Timing] = [
    timing(mode, k, 64, 0, tokens=k * tokens, seconds=1.0)
    for k in (2, 4, 8)
    for mode, tokens in (("plain", 10), ("overlay", 30), ("warm", 15))
]
RUN = Run(
    command="overlay bench --k 2",
    date="2026-01-01",
    answer_tokens=32,
    repeats=1,
    budget_step=0.5,
    budget_answer=2.0,
    profile="auto",
    requantize="never",
    seed=0,
    timings={"a model on llama.cpp": TIMINGS},
    note="The machine was idle.",
)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(RUN.to_json())
    assert read_run(tmp_path / "run.json") == RUN


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match=r"run\.json is no run"):
        read_run(tmp_path / "run.json")
    with pytest.raises(InputError, match="cannot read"):
        read_run(tmp_path / "none.json")


def test_a_page_shows_every_run_below_its_command() -> None:
    said = page([RUN, replace(RUN, command="overlay bench --k 16")], picture=Path("a/bench.png"))
    assert said.index("`overlay bench --k 2`") < said.index("`overlay bench --k 16`")
    assert "| cold | 2 | 64 | 100% | 3 | 3 | 20 | 60 | 3.00 (3.00-3.00) |" in said
    assert "(bench.png)" in said
    assert said.count("The machine was idle.") == 2
    assert "cold, k^1.00 at length 64; warm, k^1.00 at length 64" in said
    assert "| | k | chunk tokens | answer |" in said.replace("|  |", "| |")
