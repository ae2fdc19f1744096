"""``overlay bench`` on the real model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.bench.store import bench_store
from overlay.errors import InputError
from tests.integration.command import overlay_here

pytestmark = pytest.mark.real_model

SMALL = ("--repeats", "1", "--answer-tokens", "4", "--draft-tokens", "4")


def test_bench_keeps_what_it_measured(tmp_path: Path) -> None:
    done = overlay_here(
        *("bench", "--k", "2", "--length", "32", *SMALL, "--json"),
        *("--output", "bench.jsonl", "--png", "bench.png", "--markdown", "bench.md"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    [rows] = json.loads(done.stdout).values()
    assert [one["mode"] for one in rows] == ["again", "overlay", "plain"]
    assert {one["base"] for one in rows} == {"llama-cpp-python"}
    row = rows[1]
    lines = (tmp_path / "bench.jsonl").read_text().splitlines()
    timings = [json.loads(line)["result"]["timing"] for line in lines[1:]]
    by_mode = {timing["mode"]: timing for timing in timings}
    assert set(by_mode) == {"llama-cpp-python", "plain", "overlay", "again"}
    assert set(by_mode["plain"]["cost"]) == {"answer"}
    assert {"probe", "answer"} <= set(by_mode["overlay"]["cost"])
    evaluated = {
        mode: sum(part["prefilled"] + part["decoded"] for part in timing["cost"].values())
        for mode, timing in by_mode.items()
    }
    assert evaluated["plain"] > 2 * 32
    base = evaluated["llama-cpp-python"]
    assert row["evaluations"]["value"] == evaluated["overlay"] / base
    # It reads the same text as plain RAG here, to a few tokens that a tokenizer joins.
    assert base == pytest.approx(evaluated["plain"], abs=12)
    # The chunks are not read again, and neither is the prompt before them.
    assert evaluated["overlay"] - evaluated["again"] >= 2 * 32
    assert row["first"]["value"] > 0
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "bench.md").read_text()
    assert "## `overlay bench --k 2 --length 32 --repeats 1 --answer-tokens 4" in page
    assert "| cold | 2 | 32 |" in page
    assert "bench.png" in page
    again = overlay_here("bench", "--from", "bench.jsonl", "--json", cwd=tmp_path)
    assert again.stdout == done.stdout
    # Everything is there, so nothing is measured anew.
    options = ("bench", "--k", "2", "--length", "32", *SMALL, "--json", "--output", "bench.jsonl")
    assert overlay_here(*options, cwd=tmp_path).stdout == done.stdout
    assert (tmp_path / "bench.jsonl").read_text().splitlines() == lines


def test_everything_is_let_in_where_nothing_is_too_much(tmp_path: Path, tiny_gguf: Path) -> None:
    done = overlay_here(
        *("bench", "--k", "3", "--length", "32", *SMALL, "--json"),
        *("--budget-step", "1", "--budget-answer", "64", "--model", str(tiny_gguf)),
        *("--variants", "1", "--budget-index", "1"),
        cwd=tmp_path,
        env={"OVERLAY_MAJORITY": "false"},  # what a random model drafts differs by processor
    )
    assert done.returncode == 0, done.stderr
    [rows] = json.loads(done.stdout).values()
    assert [one["accepted"] for one in rows] == [3, 3, 3]


def test_chunks_that_do_not_fit_are_named(tmp_path: Path) -> None:
    done = overlay_here("bench", "--k", "64", "--length", "512", *SMALL, cwd=tmp_path)
    assert done.returncode == 2
    assert "64 chunks of 512 tokens do not fit" in done.stderr
    assert "context_size" in done.stderr


def test_a_store_and_its_server_are_measured(
    tmp_path: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERLAY_MODEL", str(tiny_gguf))
    page = tmp_path / "store.md"
    done = CliRunner().invoke(
        bench_store, ["--chunks", "16", "--answers", "1", "--json", "--markdown", str(page)]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["ingest"]["chunks"] >= 16
    assert [row["when"] for row in found["server"]] == ["idle", "after 1 answer"]
    resident = [row["resident"] for row in found["parts"]]
    assert resident[-1] > resident[0] > 0
    assert "## Memory of the server" in page.read_text()


def test_a_store_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    done = CliRunner().invoke(bench_store, ["--store", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert "is not empty" in str(done.exception)
