"""The sample questions through retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.tasks.catalogue import TaskSpec, load_items
from eval.tasks.followups import found, sample_followups
from eval.tasks.sample import DOCUMENTS, ingest_sample, sample_questions
from overlay.labelled.items import Kind
from overlay.labelled.matching import contains_any
from overlay.library import Library
from overlay.options import AskOptions, Mode
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel

pytestmark = pytest.mark.real_model


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


def test_questions_come_with_labelled_passages(tmp_path: Path) -> None:
    """The harness's view of the same: what a chunk is good for follows from its document."""
    spec = TaskSpec(kind="sample", questions=60, k=5)
    items = load_items(spec, Settings(), folder=tmp_path, seed=0, stores=tmp_path)
    assert {item.id for item in items} == {question.id for question in sample_questions()}
    for item in items:
        assert len(item.passages) == 5
        assert all(passage.similarity is not None for passage in item.passages)
        for passage in item.of_kind(Kind.HELPFUL):
            assert contains_any(passage.text, item.answers)
    injected = [item for item in items if item.of_kind(Kind.INJECTED)]
    assert len(injected) >= 8
    assert all(item.target for item in injected if item.dataset == "injected")
    assert sum(bool(item.of_kind(Kind.HELPFUL)) for item in items) >= 45


def test_a_follow_up_meets_its_passage_and_the_report_says_what_was_searched_for(
    library: Library, model: LlamaCppModel
) -> None:
    followup = sample_followups()[0]
    overlay = Overlay(model, library.retriever, Settings(k=5, max_tokens=8))
    alone = overlay.ask("And Larkhaugh?", AskOptions(mode=Mode.PLAIN))
    assert not found(followup, [step.chunk for step in alone.steps])
    answer = overlay.ask(followup.chat, AskOptions(mode=Mode.PLAIN))
    assert found(followup, [step.chunk for step in answer.steps])
    assert report(answer)["searched_for"] == [
        "On which day does Fennick Hut open? And Larkhaugh?",
        "On which day does Fennick Hut open? Fennick Hut opens on 4 May. And Larkhaugh?",
    ]
