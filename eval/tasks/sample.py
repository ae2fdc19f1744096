"""The sample corpus: documents of a made-up organisation, and questions about them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from overlay.library import Library
from overlay.settings import Settings
from retriever import Progress

__all__ = ["DOCUMENTS", "SampleQuestion", "ingest_sample", "sample_questions"]

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


def ingest_sample(settings: Settings, progress: Progress | None = None) -> None:
    """Bring the store that the settings name up to date with the sample documents."""
    with Library(settings) as library:
        library.ingest(DOCUMENTS, progress)
