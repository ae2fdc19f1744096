"""Questions drawn from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overlay.errors import InputError
from overlay.labelled.draw import draw_questions


def write(path: Path, count: int) -> Path:
    rows = [
        {"id": f"{path.stem}-{n}", "question": "Q?", "answers": ["a"], "chunks": []}
        for n in range(count)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_questions_are_drawn_evenly_and_repeatably(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.jsonl", 9), write(tmp_path / "b.jsonl", 2)]
    drawn = [question.id for question in draw_questions(files, 7, seed=1)]
    assert sum(name.startswith("b") for name in drawn) == 2
    assert drawn == [question.id for question in draw_questions(files, 7, seed=1)]
    assert drawn != [question.id for question in draw_questions(files, 7, seed=2)]


def test_too_few_questions_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hold 3 questions, not 4"):
        draw_questions([write(tmp_path / "a.jsonl", 3)], 4, seed=0)
