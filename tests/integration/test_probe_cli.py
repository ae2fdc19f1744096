"""``overlay probe`` and ``overlay lab map`` on the real packaged model."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from overlay.views.document import from_dict
from probes.transformers import TransformersModel
from tests.integration.command import overlay, overlay_here

pytestmark = pytest.mark.real_model

QUESTION = "At what time does the ferry leave?"
SHORT = {"OVERLAY_DRAFT_TOKENS": "6"}
QUICK = ("--no-variants", "--no-neutral", "--removal-tokens", "4", "--mutated-tokens", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("probe")
    (root / "ferry.md").write_text("The ferry leaves at 06:40 every morning.\n")
    (root / "latin.md").write_bytes(b"caf\xe9")
    questions = [
        {
            "id": f"q{n}",
            "question": QUESTION,
            "answers": ["06:40"],
            "chunks": [
                {"text": "The ferry leaves at 06:40.", "kind": "gold"},
                {"text": "Soup is served from noon, and the bread is baked.", "kind": "distractor"},
            ],
        }
        for n in range(2)
    ]
    (root / "set.jsonl").write_text("\n".join(json.dumps(question) for question in questions))
    return root


def test_a_report_in_every_form(folder: Path) -> None:
    given = ("--file", "ferry.md", "--text", "Soup is served from noon. The bread is baked.")
    files = ("--html", "report.html", "--png", "report.png", "--csv", "report.csv")
    done = overlay("probe", QUESTION, *given, *QUICK, "--layers", "3", *files, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "ferry.md" in done.stdout
    assert "llama.cpp computes no gradients" in " ".join(done.stdout.split())
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((folder / "report.csv").read_text().splitlines()))
    assert {row["label"] for row in rows} == {"text 1", "ferry.md"}
    assert {row["layer"] for row in rows} >= {"0", "14", "29"}


def test_a_report_as_json_can_be_read_again(folder: Path) -> None:
    done = overlay_here("probe", QUESTION, "--file", "ferry.md", *QUICK, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = from_dict(json.loads(done.stdout))
    assert report.question == QUESTION
    assert len(report.layers) == 30
    assert "support_max" in report.unavailable


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--file", "absent.md"], 2, "absent.md cannot be read"),
        (["--file", "latin.md"], 2, "latin.md is not UTF-8: byte 0xe9 at offset 3"),
        (["--text", " "], 2, "text 1' is empty"),
        ([], 3, "nothing in the store"),
        (["--text", "x", "--html", "absent/report.html"], 2, "there is no folder"),
        (["--text", "x", "--backend", "tensorflow"], 2, "backend"),
        (["--text", "x", "--model", "absent/folder/x"], 3, "absent/folder/x"),
    ],
)
def test_wrong_input(folder: Path, arguments: list[str], code: int, message: str) -> None:
    done = overlay_here("probe", QUESTION, *arguments, cwd=folder)
    assert message in done.stderr
    assert done.returncode == code


def test_the_map_of_a_question_set(folder: Path) -> None:
    done = overlay_here(
        "lab", "map", "set.jsonl", "--questions", "1", "--layers", "3", "--png", "map.png",
        "--json", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {(row["kind"], row["layer"]) for row in found["layers"]} == {
        (kind, layer) for kind in ("helpful", "irrelevant") for layer in (0, 14, 29)
    }
    assert all(row["standardised"] is not None for row in found["layers"])
    assert found["explosive_by"] == "removal"
    assert (folder / "map.png").read_bytes().startswith(b"\x89PNG")


def test_what_readings_tell(folder: Path) -> None:
    done = overlay_here(
        "lab", "auroc", "set.jsonl", "--questions", "2", "--output", "auroc.jsonl",
        "--markdown", "auroc.md", "--json", cwd=folder, env=SHORT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [rows] = json.loads(done.stdout).values()
    found = {row["reading"]: row for row in rows}
    assert {row["against"] for row in found.values()} == {"irrelevant"}
    assert found["removal"]["helpful"] == found["removal"]["others"] == 2
    assert all(0 <= row["low"] <= row["auroc"] <= row["high"] <= 1 for row in found.values())
    assert "TokenGrad, mean" not in found  # llama.cpp has no gradients
    assert "| logit drift |" in (folder / "auroc.md").read_text()


def test_faithfulness_without_context_cite(folder: Path, other: TransformersModel) -> None:
    done = overlay_here(
        "lab", "faithfulness", "set.jsonl", "--questions", "2", "--ablations", "0", "--masks", "4",
        "--output", "faith.jsonl", cwd=folder, env=SHORT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (folder / "faith.jsonl").read_text().splitlines()]
    assert lines[0]["run"]["command"] == "faithfulness"
    scores = [score for line in lines[1:] for score in line["result"]]
    cost = {score["method"]: score["forwards"] for score in scores}
    # Each chunk is one sentence, so two parts are left out, each at most a pass; masking asks for
    # sentences and chunks apart.
    assert 0 < cost["leave-one-out"] <= 2
    assert 0 < cost["removal, masked on the kept cache"] <= 4
    assert cost["gradient times input"] == pytest.approx(2, abs=0.05)
    assert {score["sentences"] for score in scores} == {2}


def test_costs_by_length(folder: Path, tiny_gguf: Path) -> None:
    done = overlay_here(
        *("lab", "curves", "--longest", "128", "--repeats", "1", "--json"),
        *("--model", str(tiny_gguf), "--markdown", "curves.md", "--png", "curves.png"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    [(title, costs)] = json.loads(done.stdout).items()
    assert title == "tiny on llama.cpp"
    evaluated = {(cost["probe"], cost["length"]): cost["evaluated"] for cost in costs}
    assert {length for _, length in evaluated} == {64, 128}
    # Masking evaluates what stands behind the chunk, whatever the chunk's length; only the
    # answers differ a little in theirs.
    removal = [evaluated["removal of 16 tokens", length] for length in (64, 128)]
    assert removal[1] == pytest.approx(removal[0], rel=0.2)
    drifts = "drifts of the chunk alone"
    assert evaluated[drifts, 128] - evaluated[drifts, 64] == pytest.approx(64, abs=32)
    page = (folder / "curves.md").read_text()
    assert f"## {title}" in page
    assert f"| {drifts} | 64 | {evaluated[drifts, 64]} |" in page
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
