"""Runs survive their file, and one page shows several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.bench.measure import Timing
from eval.bench.page import page
from eval.bench.run import Conditions, Run, Timings, read_run
from overlay.errors import InputError
from tests.eval.bench.test_summary import timing

TIMINGS: list[Timing] = [
    timing(mode, k, 64, 0, tokens=k * tokens, seconds=1.0)
    for k in (2, 4, 8)
    for mode, tokens in (("plain", 10), ("overlay", 30), ("warm", 15))
]
CONDITIONS = Conditions(
    command="overlay bench --k 2",
    answer_tokens=32,
    repeats=1,
    budget_step=0.5,
    budget_answer=2.0,
    profile="auto",
    requantize="never",
    rounding="exact",
    seed=0,
    note="The machine was idle.",
)
TITLE = "a model on llama.cpp"
RUN = Run(CONDITIONS, "2026-01-01", {TITLE: TIMINGS})


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    timings = Timings(tmp_path / "run.jsonl", CONDITIONS)
    for one in TIMINGS:
        timings.add(TITLE, one)
    found = read_run(tmp_path / "run.jsonl")
    assert found == timings.run()
    assert (found.conditions, found.timings) == (CONDITIONS, {TITLE: TIMINGS})


def test_a_stopped_run_goes_on_under_the_same_conditions_only(tmp_path: Path) -> None:
    Timings(tmp_path / "run.jsonl", CONDITIONS).add(TITLE, TIMINGS[0])
    again = Timings(tmp_path / "run.jsonl", CONDITIONS)
    assert again.has(TITLE, "plain", (2, 64, 0))
    assert not again.has(TITLE, "overlay", (2, 64, 0))
    with pytest.raises(InputError, match="another run: seed is 0 there and 1 here"):
        Timings(tmp_path / "run.jsonl", replace(CONDITIONS, seed=1))


@pytest.mark.parametrize("content", ["{}", '{"run": {}}\n', "no JSON"])
def test_what_is_no_run_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json is no run"):
        read_run(tmp_path / "run.json")


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_run(tmp_path / "none.json")


def test_a_page_shows_every_run_below_its_command() -> None:
    other = replace(RUN, conditions=replace(CONDITIONS, command="overlay bench --k 16"))
    said = page([RUN, other], picture=Path("a/bench.png"))
    assert said.index("`overlay bench --k 2`") < said.index("`overlay bench --k 16`")
    assert "| cold | 2 | 64 | 100% | 3 | 3 | 20 | 60 | 3.00 (3.00-3.00) |" in said
    assert "(bench.png)" in said
    assert said.count("The machine was idle.") == 2
    assert "cold, k^1.00 at length 64; warm, k^1.00 at length 64" in said
    assert "| | k | chunk tokens | answer |" in said.replace("|  |", "| |")
