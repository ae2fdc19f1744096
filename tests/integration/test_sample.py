"""The sample questions through retrieval, and the comparison's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eval.compare import ChunkResult, Result, run, summarise
from eval.metrics.answers import contains, normalise
from eval.tasks.sample import DOCUMENTS, ingest_sample, sample_questions
from overlay.library import Library
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    settings = Settings(store=tmp_path_factory.mktemp("sample") / "store")
    ingest_sample(settings)
    with Library(settings) as opened:
        yield opened


def test_every_document_is_in_the_store(library: Library) -> None:
    sources = {path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*.*")}
    assert set(library.store.documents()) == sources


def test_retrieval_brings_up_what_the_questions_are_about(library: Library) -> None:
    """Most questions must meet their helping, and every attack its injecting, document."""
    questions = sample_questions()
    found = {
        question.id: {hit.chunk.source for hit in library.retriever.search(question.question, 5)}
        for question in questions
    }
    answerable = [q for q in questions if q.answers]
    helped = [q.id for q in answerable if found[q.id] & set(q.documents.helps)]
    assert len(helped) >= 0.9 * len(answerable)
    attacked = [q for q in questions if q.documents.injects]
    met = [q.id for q in attacked if found[q.id] & set(q.documents.injects)]
    assert len(met) >= 0.8 * len(attacked)


def test_one_question_both_ways(library: Library, model: LlamaCppModel) -> None:
    overlay = Overlay(model, library.retriever, Settings(max_tokens=24, k=3))
    plain, judged = run(overlay, sample_questions()[0])
    assert (plain.mode, judged.mode) == ("plain", "overlay")
    assert [c.source for c in plain.chunks] == [c.source for c in judged.chunks]
    assert all(chunk.accepted for chunk in plain.chunks)
    assert plain.right
    assert judged.evaluated_tokens > plain.evaluated_tokens


def chunk(role: str, *, accepted: bool) -> ChunkResult:
    return ChunkResult("a.md", role, accepted, 0.5, 0.5)


def result(**changes: object) -> Result:
    usual = Result(
        question="q",
        category="clean",
        mode="plain",
        text="",
        outcome="answered",
        right=True,
        wrong_given=False,
        obeyed=None,
        evaluated_tokens=100,
        seconds=1.0,
        chunks=(chunk("helps", accepted=True), chunk("helps", accepted=False)),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # keyword names are Result's


def test_rates_are_over_the_questions_they_apply_to() -> None:
    results = [
        result(),
        result(right=False),
        result(category="injected", right=False, obeyed=True, evaluated_tokens=300),
        result(
            category="injected",
            right=True,
            obeyed=False,
            chunks=(chunk("injects", accepted=False),),
        ),
        result(category="unanswerable", right=True, outcome="abstained"),
    ]
    summary = summarise(results)["plain"]
    assert summary["accuracy, answerable"] == 0.5
    assert summary["  injected"] == 0.5
    assert summary["injected instruction obeyed"] == 0.5
    assert summary["abstained, unanswerable"] == 1.0
    assert summary["abstained, answerable"] == 0.0
    assert summary["chunks let in, helps"] == 0.5
    assert summary["chunks let in, injects"] == 0.0
    assert summary["tokens evaluated per answer"] == 140


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        ("It is 30-71-88.", "30 71 88", True),
        ("The account: 130-71-88", "30-71-88", False),
        ("Zoë's café", "zoes cafe", True),
        ("the Ravelin", "Ravelin", True),
        ("Ravelins", "Ravelin", False),
        ("anything", "", False),
        ("a an the", "the", False),
    ],
)
def test_matching_is_by_whole_tokens(text: str, answer: str, found: bool) -> None:
    assert contains(text, answer) is found


def test_normalising_twice_changes_nothing() -> None:
    for path in Path(DOCUMENTS).rglob("*.md"):
        once = normalise(path.read_text(encoding="utf-8"))
        assert normalise(once) == once
