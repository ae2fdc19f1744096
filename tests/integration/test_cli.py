"""The command line on the real parts, and what it says to wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from gguf.constants import GGMLQuantizationType

from eval.lab import lab
from overlay.cli.main import cli
from tests.integration.command import overlay, overlay_here
from tests.tiny_gguf import save_tiny_gguf

pytestmark = pytest.mark.real_model

QUESTION = "At what time does the ferry leave?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three documents, ingested."""
    root = tmp_path_factory.mktemp("cli")
    docs = root / "docs"
    docs.mkdir()
    (docs / "ferry.md").write_text("# Ferry\n\nThe ferry leaves at 06:40 every morning.\n")
    (docs / "quay.md").write_text("Be at the quay by 06:30: the ferry leaves at 06:40.\n")
    (docs / "soup.txt").write_text("Soup is served from noon. The bread comes from Vardle.\n")
    done = overlay_here("ingest", "docs", "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["added"] == 3
    return root


def test_ask_prints_the_answer_and_the_table(folder: Path) -> None:
    done = overlay("ask", QUESTION, cwd=folder)
    asked = overlay_here("ask", "--json", QUESTION, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(json.loads(asked.stdout)["answer"] + "\n")
    assert "ferry.md" in done.stdout
    assert "verdict" in done.stdout
    assert "volatility index" in done.stdout
    assert "it spends" not in done.stdout


def test_ask_searches_only_what_the_filter_lets_through(folder: Path) -> None:
    done = overlay_here(
        "ask", "--plain", "--json", "--source", "qu", "--source", "*.txt", QUESTION, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)["steps"]
    assert {step["chunk"]["source"] for step in steps} == {"quay.md", "soup.txt"}
    dated = overlay_here("ask", "--plain", "--json", "--since", "2024-01-01", QUESTION, cwd=folder)
    assert json.loads(dated.stdout)["steps"] == []  # none of the documents has a date


def test_reasons_are_given_where_they_are_asked_for(folder: Path) -> None:
    done = overlay_here("ask", "--verbose", "--k", "2", QUESTION, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "it spends" in " ".join(done.stdout.split())


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    """The lists of all commands, those of the server and the harness among them, in 0.2 seconds."""
    heavy = ("numpy", "pydantic", "rich", "torch", "chromadb", "fastapi", "llama_cpp")
    script = (
        "import sys, click, overlay.cli.main as main\n"
        "main.cli(['--help'], standalone_mode=False)\n"
        "main.cli(['lab', '--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "sharp-steps" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("group", [cli, lab], ids=lambda group: group.name)
def test_every_command_explains_its_options(group: click.Group) -> None:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        assert found.name == name
        said = CliRunner().invoke(found, ["--help"])
        assert said.exit_code == 0, said.output
        assert "Options:" in said.output


def test_cost_by_phase(folder: Path) -> None:
    done = overlay_here("ask", "--cost", "--k", "2", QUESTION, cwd=folder)
    assert done.returncode == 0, done.stderr
    for word in ("prefilled", "reused", "probe", "dose", "answer"):
        assert word in done.stdout


def test_ask_json_is_json_alone(folder: Path) -> None:
    done = overlay_here("ask", "--json", "--k", "2", QUESTION, cwd=folder)
    reply = json.loads(done.stdout)
    assert reply["outcome"] in {"answered", "abstained", "answered_without_context"}
    assert len(reply["steps"]) == 2
    assert all(step["reason"] for step in reply["steps"])


def test_a_copy_that_is_made_on_first_use_is_said(folder: Path, tmp_path: Path) -> None:
    slow = save_tiny_gguf(tmp_path / "slow.gguf", GGMLQuantizationType.Q4_1)
    command = ("ask", "--json", "--no-retrieval", "--model", str(slow), QUESTION)
    env = {
        "OVERLAY_MODEL_CACHE": str(tmp_path / "models"),
        "OVERLAY_REQUANTIZE": "auto",
        "OVERLAY_MAX_TOKENS": "4",
    }
    first, second = (overlay(*command, cwd=folder, env=env) for _ in range(2))
    assert "making a faster copy" in first.stderr
    assert "making a faster copy" not in second.stderr
    assert json.loads(first.stdout)["outcome"] == json.loads(second.stdout)["outcome"]


def test_models_and_version(tmp_path: Path) -> None:
    listed = json.loads(overlay_here("models", "--json", cwd=tmp_path).stdout)
    assert [model["name"] for model in listed["models"]] == ["smollm2"]
    assert Path(listed["models"][0]["path"]).exists()
    assert "overlay" in json.loads(overlay_here("version", "--json", cwd=tmp_path).stdout)


def commands_in(help_text: str) -> str:
    """The names in a help page's list of commands."""
    listed = help_text.partition("Commands:\n")[2].splitlines()
    return " ".join(line.split()[0] for line in listed if line[2:3].strip())


def test_help_names_every_command(tmp_path: Path) -> None:
    text = overlay("--help", cwd=tmp_path).stdout
    expected = "ask bench calibrate doctor documents eval ingest lab models probe serve version"
    assert commands_in(text) == expected
    for command in expected.split():
        shown = overlay_here(command, "--help", cwd=tmp_path)
        assert shown.returncode == 0
        assert "Usage:" in shown.stdout


def test_research_stands_apart_and_says_what_it_is(tmp_path: Path) -> None:
    text = overlay_here("lab", "--help", cwd=tmp_path).stdout
    assert commands_in(text) == (
        "agreement auroc bench-store blending curves elsewhere faithfulness followups index ingest "
        "instructions ladder load map pool retrieval sharp-steps similarity-scale stores variants"
    )
    assert "the studies behind the pages of docs/" in text
    unknown = overlay_here("lab", "nothing", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "No such command 'nothing'" in unknown.stderr
    assert overlay_here("auroc", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", QUESTION, "--model", "gone.gguf"], 3, ["gone.gguf", "not found", "Hint:"]),
        (["ask", QUESTION, "--model", "docs/soup.txt"], 3, ["not a GGUF file"]),
        (["ask", QUESTION, "--model", "smollm3"], 3, ["smollm3", "packaged: smollm2"]),
        (["ask", QUESTION, "--store", "empty-store"], 3, ["empty-store", "overlay ingest"]),
        (["ask", QUESTION, "--budget-step", "-1"], 2, ["budget_step", "-1"]),
        (["ask", QUESTION, "--profile", "nope.json"], 2, ["nope.json is no profile", "calibrate"]),
        (["ask", QUESTION, "--k", "many"], 2, ["k", "many", "integer"]),
        (["ask", QUESTION, "--source", "boat"], 2, ["'boat'", "fits none of 3", "documents list"]),
        (["ask", QUESTION, "--since", "May"], 2, ["since", "'May'", "YYYY-MM-DD"]),
        (["ask", QUESTION, "--plain", "--no-retrieval"], 2, ["exclude each other"]),
        (["ask", "word " * 5000], 2, ["context holds 4096"]),
        (["ask", "  "], 2, ["empty"]),
        (["ask", QUESTION, "--config", "gone.toml"], 2, ["gone.toml", "not found"]),
        (["ingest", "gone"], 2, ["gone"]),
        (["ingest", "hollow"], 2, ["hollow"]),
        (["ingest", "binary"], 2, ["old.txt", "not text"]),
        (["ingest", "docs", "--chunk-tokens", "5000"], 2, ["5000", "256"]),
        (["unknown"], 2, ["unknown"]),
    ],
)
def test_wrong_input_is_explained(
    folder: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    (folder / "hollow").mkdir(exist_ok=True)
    (folder / "binary").mkdir(exist_ok=True)
    (folder / "binary" / "old.txt").write_bytes(bytes(range(256)))
    done = overlay_here(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    # Nothing is lost: the store still holds what was ingested.
    kept = overlay_here("ingest", "docs", "--json", cwd=folder)
    assert json.loads(kept.stdout)["unchanged"] == 3


def test_an_unknown_setting_is_named(folder: Path) -> None:
    done = overlay_here("ask", QUESTION, cwd=folder, env={"OVERLAY_BUDGET_STEPS": "1"})
    assert done.returncode == 2
    assert "did you mean budget_step" in done.stderr


def test_errors_are_json_for_machines(folder: Path) -> None:
    done = overlay_here("ask", "--json", QUESTION, "--model", "gone.gguf", cwd=folder)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["param"] == "model"


def test_what_was_asked_before_is_not_read_again(folder: Path) -> None:
    nothing_kept = {"OVERLAY_KV_DISK": "0", "OVERLAY_KV_MEMORY": "0"}
    cold, _, again = (
        json.loads(overlay_here("ask", QUESTION, "--json", cwd=folder, env=env).stdout)
        for env in (nothing_kept, {}, {})
    )
    assert again["answer"] == cold["answer"]
    assert cold["cost"]["prefilled"] - again["cost"]["prefilled"] > 3 * 12


@pytest.mark.parametrize(
    ("option", "value", "code", "says"),
    [
        ("--model", "nofile.gguf", 3, "model file not found: nofile.gguf"),
        ("--model", "nothere", 3, "no packaged model named 'nothere'"),
        ("--model", "plain.gguf", 3, "not a GGUF file: plain.gguf"),
        ("--chat-template", "none.jinja", 2, "chat_template 'none.jinja' cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_listens(
    tmp_path: Path, option: str, value: str, code: int, says: str
) -> None:
    (tmp_path / "plain.gguf").write_text("plain text")
    done = overlay_here("serve", "--port", "0", option, value, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Hint:" in done.stderr
    assert "listens" not in done.stderr
