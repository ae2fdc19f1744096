"""A run on a tiny random model: its file read, stopped halfway, resumed, and summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.runs.cases import Case, cases_of
from eval.runs.loading import load_run
from eval.runs.page import render_markdown
from eval.runs.results import Result
from eval.runs.runner import fingerprint, run_cases
from eval.runs.spec import RunSpec, read_spec
from eval.runs.tables import overview_table, result_tables
from overlay.errors import InputError
from overlay.journal import Journal
from overlay.labelled.given import read_given
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel

QUESTIONS = [
    {
        "id": f"q{number}",
        "question": f"Who keeps hut {number}?",
        "answers": [name],
        "chunks": [
            {"text": f"{name} keeps hut {number}.", "kind": "gold"},
            {"text": f"Hut {number} has a red door.", "kind": "distractor"},
            {"text": f"{wrong} keeps hut {number}.", "kind": "counterfactual"},
        ],
        "meta": {"wrong_answers": [wrong]},
    }
    for number, (name, wrong) in enumerate([("Orla", "Ida"), ("Emrys", "Pell"), ("Una", "Tam")])
]
SPEC = """
name = "huts"
scenarios = ["as-given", "clean"]
same = [["all", "top-k"], ["none", "no-context"]]

[flips]
perturbations = ["reordered"]
questions = 1

[[tasks]]
kind = "given"
path = "huts.jsonl"

[[policies]]
kind = "no-context"
[[policies]]
kind = "top-k"
[[policies]]
kind = "oracle"
[[policies]]
kind = "overlay"
[[policies]]
kind = "overlay"
name = "all"
order = "rank"
budget_step = 1.0
budget_answer = 64.0
anchor = false
majority = false
halve = false
[[policies]]
kind = "overlay"
name = "none"
budget_step = 0.0
fallback = "answer"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "\n".join(json.dumps(question) for question in QUESTIONS)
    (tmp_path / "huts.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "huts.toml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def settings() -> Settings:
    return Settings(max_tokens=8, draft_tokens=6, variants=1, budget_index=1)


def cases(folder: Path, spec: RunSpec) -> list[Case]:
    return cases_of(spec, [("huts", read_given(folder / "huts.jsonl"))])


def tables(journal: Journal) -> list[Any]:
    return [table.markdown() for table in result_tables(load_run(journal))]


def test_a_run_is_the_same_twice_and_after_a_stop(
    folder: Path, tiny_model: LlamaCppModel, settings: Settings
) -> None:
    spec = read_spec(folder / "huts.toml")
    todo = cases(folder, spec)
    assert [(c.item.id, c.scenario, c.perturbation) for c in todo] == [
        ("q0", "as-given", ""),
        ("q0", "as-given", "reordered"),
        ("q0", "clean", ""),
        ("q1", "as-given", ""),
        ("q1", "clean", ""),
        ("q2", "as-given", ""),
        ("q2", "clean", ""),
    ]
    identity = fingerprint(spec, settings, tiny_model.info, ["hash"])
    once = Journal(folder / "once.jsonl", identity)
    run_cases(tiny_model, settings, spec, todo, once)

    class KilledError(Exception):
        pass

    def stopping(all_cases: Sequence[Case]) -> Iterator[Case]:
        yield from all_cases[:3]
        raise KilledError

    path = folder / "twice.jsonl"
    with pytest.raises(KilledError):
        run_cases(tiny_model, settings, spec, todo, Journal(path, identity), track=stopping)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "huts | q1 | as-gi')  # what a kill in the middle of a line leaves
    resumed = Journal(path, identity)
    run_cases(tiny_model, settings, spec, todo, resumed)
    assert tables(Journal.read(path)) == tables(once)

    run = load_run(path)
    assert len(run.sessions) == 2
    assert {"revision", "versions", "started"} <= run.sessions[0].keys()
    answered = {(r.question, r.scenario, r.perturbation, r.policy): r for r in run.results}
    for (question, scenario, perturbation, policy), result in answered.items():
        twin = {"all": "top-k", "none": "no-context"}.get(policy)
        if twin:
            other = answered[question, scenario, perturbation, twin]
            assert result.reply.text == other.reply.text
            assert result.reply.accepted == other.reply.accepted
        assert (result.reply.signs is not None) == (result.reply.volatility is not None)
    assert any(result.reply.signs for result in run.results if result.policy == "all")
    assert costs_add_up(run.results)
    assert [row[0] for row in overview_table(run).rows] == [p.label for p in spec.policies]
    assert "2 sessions" not in render_markdown([run], "x")


def costs_add_up(results: Sequence[Result]) -> bool:
    """Top-k costs its prompt and its answer; the overlay costs more than that."""
    by = {(r.question, r.scenario, r.perturbation, r.policy): r.reply.evaluated for r in results}
    return all(
        by[q, s, p, "no-context"] < by[q, s, p, "top-k"] < by[q, s, p, "all"] for q, s, p, _ in by
    )


def test_a_finished_run_asks_nothing_again(
    folder: Path, tiny_model: LlamaCppModel, settings: Settings
) -> None:
    spec = read_spec(folder / "huts.toml").model_copy(update={"scenarios": ("clean",)})
    todo = cases(folder, spec)[:1]
    journal = Journal(None, fingerprint(spec, settings, tiny_model.info, []))
    run_cases(tiny_model, settings, spec, todo, journal)
    before, kept = tiny_model.evaluated, len(journal)
    run_cases(tiny_model, settings, spec, todo, journal)
    assert (tiny_model.evaluated, len(journal)) == (before, kept)


def test_another_run_is_not_mixed_in(
    folder: Path, tiny_model: LlamaCppModel, settings: Settings
) -> None:
    spec = read_spec(folder / "huts.toml")
    path = folder / "run.jsonl"
    Journal(path, fingerprint(spec, settings, tiny_model.info, ["hash"]))
    other = settings.model_copy(update={"max_tokens": 9})
    with pytest.raises(InputError, match="settings"):
        Journal(path, fingerprint(spec, other, tiny_model.info, ["hash"]))
    with pytest.raises(InputError, match="data"):
        Journal(path, fingerprint(spec, settings, tiny_model.info, ["another"]))
    threads = settings.model_copy(update={"threads": 3})
    Journal(path, fingerprint(spec, threads, tiny_model.info, ["hash"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "huts"', ""), "name: field required"),
        (('kind = "top-k"', 'kind = "top-k"\nname = "none"'), "two policies are called 'none'"),
        (('["all", "top-k"]', '["all", "top-q"]'), "names 'top-q'"),
        (('name = "huts"', 'name = "huts"\nsubjekt = "all"'), "subjekt: extra inputs"),
        (('kind = "given"', 'kind = "lent"'), "tasks.0.kind"),
        (('"as-given", "clean"', '"clean"'), "flips ask the cases of scenario 'as-given'"),
        (('name = "huts"', "name = huts"), "cannot be read"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, change: tuple[str, str], words: str) -> None:
    path = folder / "wrong.toml"
    path.write_text(SPEC.replace(*change, 1), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_spec(path)


def test_an_unknown_scenario_is_named(folder: Path) -> None:
    spec = read_spec(folder / "huts.toml").model_copy(update={"scenarios": ("windy",)})
    with pytest.raises(InputError, match="windy"):
        cases(folder, spec)


@pytest.mark.parametrize("path", sorted(Path("eval/specs").glob("*.toml")), ids=lambda p: p.stem)
def test_the_projects_own_runs_can_be_read(path: Path) -> None:
    spec = read_spec(path)
    assert spec.name == path.stem
    assert spec.reference == "top-k"


def test_results_of_another_kind_are_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "auroc.jsonl", {"command": "auroc"})
    with pytest.raises(InputError, match="results of another command, auroc"):
        load_run(tmp_path / "auroc.jsonl")
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(InputError, match="not a file of results"):
        load_run(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="holds no results"):
        load_run(tmp_path / "gone.jsonl")
