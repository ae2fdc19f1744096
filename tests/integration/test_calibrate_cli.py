"""``overlay calibrate`` on the real model, from a question file to answers under its profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from overlay.cli.calibrate import calibrate
from overlay.errors import InputError
from overlay.options import AskOptions
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from selector.order import Order
from selector.profile_files import load_profile
from tests.overlay.test_runtime import Shelf

pytestmark = pytest.mark.real_model

BOATS = {"Alda": "red", "Berin": "green", "Cato": "white", "Dunja": "black", "Edda": "yellow"}
PORTS = {"Farn": "Luth", "Gorm": "Vardle", "Hale": "Corrin", "Ingo": "Ostrel", "Jorun": "Selm"}
SOUP = "Soup is served from noon until the bread is gone."


def write_questions(path: Path) -> None:
    rows = [
        (f"What colour is the boat {boat}?", colour, f"The boat {boat} is painted {colour}.")
        for boat, colour in BOATS.items()
    ] + [
        (f"Where was {name} born?", port, f"{name} was born in {port}, by the sea.")
        for name, port in PORTS.items()
    ]
    lines = [
        {
            "id": str(number),
            "question": question,
            "answers": [answer],
            "dataset": "boats" if answer.islower() else "ports",
            "chunks": [{"text": text, "kind": "gold"}, {"text": SOUP, "kind": "distractor"}],
        }
        for number, (question, answer, text) in enumerate(rows)
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def test_a_profile_is_fitted_and_judges(tmp_path: Path, model: LlamaCppModel) -> None:
    questions, output = tmp_path / "questions.jsonl", tmp_path / "boats.profile.json"
    write_questions(questions)
    arguments = [str(questions), "--questions", "10", "--answers", "3", "--output", str(output)]
    arguments += ["--readings", str(tmp_path / "readings.jsonl")]
    arguments += ["--markdown", str(tmp_path / "page.md")]
    done = CliRunner().invoke(calibrate, arguments)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "Telling helpful chunks from others" in said
    assert "3 answers are too few to fit a volatility index" in said
    assert "What can be promised" in (tmp_path / "page.md").read_text()
    profile = load_profile(output)
    assert profile.sha256 == model.info.sha256
    assert profile.embedder == "packaged"
    assert profile.with_states.similarity > 0
    assert profile.index is None
    # Either order is asked of all ten; which wins is the model's matter.
    asked = profile.measured["order"]
    assert asked["questions"] == 10
    first_wins = asked["similar-first"] > asked["similar-last"]
    assert profile.order is (Order.SIMILAR_FIRST if first_wins else Order.SIMILAR_LAST)
    assert "In which order the chunks enter" in said
    # What was read is not read again, and makes the same profile.
    first = output.read_bytes()
    again = CliRunner().invoke(calibrate, arguments)
    assert again.exit_code == 0, again.output
    assert output.read_bytes() == first
    readings = tmp_path / "readings.jsonl"
    assert "answer from helpful only" not in readings.read_text()
    alone = CliRunner().invoke(calibrate, [*arguments, "--helpful-alone"])
    assert alone.exit_code == 0, alone.output
    assert readings.read_text().count("answer from helpful only") == 1
    overlay = Overlay(
        model, Shelf((SOUP, "The boat Alda is painted red.")), Settings(profile=str(output))
    )
    steps = overlay.ask("What colour is the boat Alda?", AskOptions(max_tokens=4)).steps
    volatilities = {step.text: step.verdict.volatility or 0.0 for step in steps}
    assert volatilities["The boat Alda is painted red."] < volatilities[SOUP]


def test_too_few_questions_are_named(tmp_path: Path) -> None:
    write_questions(tmp_path / "questions.jsonl")
    done = CliRunner().invoke(calibrate, [str(tmp_path / "questions.jsonl"), "--questions", "11"])
    assert isinstance(done.exception, InputError)
    assert "10 questions, not 11" in str(done.exception)
