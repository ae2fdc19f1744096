"""Question files whose passages were retrieved for real."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from eval.lab.stores import joined, stores
from overlay.labelled.given import read_given
from overlay.labelled.items import Kind


def row(thing: str, source: str) -> dict[str, object]:
    return {
        "id": thing,
        "question": f"Who made the old {thing}?",
        "answers": ["Ida"],
        "chunks": [
            {"text": f"The old {thing} is by Ida.", "kind": "gold", "source": source},
            {"text": f"The old {thing} is by Bo.", "kind": "counterfactual", "source": source},
            {"text": f"Soup with {thing} at noon.", "kind": "distractor", "source": "kitchen"},
        ],
    }


def written(path: Path) -> Path:
    rows = [row("stove", "xquad:Stoves#1"), row("lamp", "xquad:Lamps#2")]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_passages_of_an_article_stand_together_and_wrong_ones_nowhere(tmp_path: Path) -> None:
    found = {one.title: one.text for one in joined(read_given(written(tmp_path / "made.jsonl")))}
    assert found["Stoves"] == "The old stove is by Ida."
    assert not any("Bo" in text for text in found.values())


def test_what_is_found_is_a_question_file_again(tmp_path: Path) -> None:
    made = tmp_path / "store_made.jsonl"
    arguments = [str(written(tmp_path / "given.jsonl")), "--output", str(made)]
    result = CliRunner().invoke(stores, [*arguments, "--questions", "2", "--k", "2"])
    assert result.exit_code == 0, result.output
    items = read_given(made)
    assert [item.dataset for item in items] == ["store_made"] * 2
    for item in items:
        assert len(item.passages) == 2
        assert item.of_kind(Kind.HELPFUL), "the words of a question lead to its passage"
