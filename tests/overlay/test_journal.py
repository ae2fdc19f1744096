"""Results on disk: a stopped run goes on, another run's file stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlay.errors import InputError
from overlay.journal import Journal

RUN = {"seed": 0, "files": ["a.jsonl"]}


def test_results_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    Journal(path, RUN).add("q1", {"value": 1.5})
    again = Journal(path, RUN)
    assert "q1" in again
    assert again["q1"] == {"value": 1.5}
    again.add("q2", None)
    assert list(Journal(path, RUN)) == ["q1", "q2"]


def test_a_half_written_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = Journal(path, RUN)
    journal.add("q1", 1)
    journal.add("q2", 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    again = Journal(path, RUN)
    assert list(again) == ["q1"]
    again.add("q2", 2)
    assert path.read_bytes() == whole


def test_a_file_killed_in_its_first_line_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"run": {"se')
    Journal(path, RUN).add("q1", 1)
    assert list(Journal(path, RUN)) == ["q1"]


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    Journal(path, RUN).add("q1", 1)
    before = path.read_bytes()
    with pytest.raises(InputError, match="seed is 0 there and 7 here"):
        Journal(path, {**RUN, "seed": 7})
    with pytest.raises(InputError, match=r"files\[0\] is 'a.jsonl' there and 'b.jsonl' here"):
        Journal(path, {**RUN, "files": ["b.jsonl"]})
    with pytest.raises(InputError, match=r"files is \['a.jsonl'\] there and None here"):
        Journal(path, {"seed": 0})
    assert path.read_bytes() == before
    # A key that says nothing is no difference.
    assert list(Journal(path, {**RUN, "limit": None})) == ["q1"]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(InputError, match="not a file of results"):
        Journal(path, RUN)
    assert path.read_text() == "dear diary\n"


def test_without_a_file_results_stay_in_memory() -> None:
    journal = Journal(None, RUN)
    journal.add("q", 1)
    assert journal["q"] == 1
    assert len(journal) == 1
