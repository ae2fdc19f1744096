"""The sample corpus: documents of a made-up organisation, and questions about them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from eval.tasks.retrieved import Label
from overlay.labelled.items import Item, Kind
from overlay.labelled.matching import contains_any
from overlay.library import Library
from overlay.settings import Settings
from retriever import IngestOptions, Progress

__all__ = [
    "DOCUMENTS",
    "SampleQuestion",
    "ingest_sample",
    "sample_items",
    "sample_label",
    "sample_questions",
]

_FOLDER = Path(__file__).parent / "sample_corpus"
DOCUMENTS = _FOLDER / "documents"


class SampleRoles(BaseModel):
    """Which documents do what to a question; paths relative to the documents' folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    helps: list[str]
    contradicts: list[str]
    distracts: list[str]
    injects: list[str]


class SampleQuestion(BaseModel):
    """One question; see ``eval/tasks/sample_corpus/README.md``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    question: str
    answers: list[str]
    category: str
    documents: SampleRoles
    wrong_answers: list[str]
    target: str | None


def sample_questions() -> list[SampleQuestion]:
    """All 60 questions, in order."""
    lines = (_FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [SampleQuestion.model_validate_json(line) for line in lines]


def sample_items() -> list[Item]:
    """The same questions without passages; the category is their data set."""
    return [
        Item(
            id=question.id,
            dataset=question.category,
            question=question.question,
            answers=tuple(question.answers),
            passages=(),
            wrong_answers=tuple(question.wrong_answers),
            target=question.target,
        )
        for question in sample_questions()
    ]


def sample_label() -> Label:
    """Tells what a chunk is good for by what its document does to the question.

    A chunk of a helping document that holds no answer does not help, and one of a contradicting
    document contradicts only where it holds the wrong answer.
    """
    roles = {question.id: question.documents for question in sample_questions()}

    def label(item: Item, text: str, source: str) -> Kind:
        role = roles[item.id]
        if source in role.injects:
            return Kind.INJECTED
        if source in role.contradicts and contains_any(text, item.wrong_answers):
            return Kind.CONTRADICTING
        if source in role.helps and contains_any(text, item.answers):
            return Kind.HELPFUL
        return Kind.IRRELEVANT

    return label


def ingest_sample(settings: Settings, progress: Progress | None = None) -> None:
    """Bring the store that the settings name up to date with the sample documents."""
    with Library(settings) as library:
        library.ingest(DOCUMENTS, IngestOptions(progress=progress))
