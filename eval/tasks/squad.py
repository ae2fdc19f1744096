"""SQuAD JSON, versions 1.1 and 2.0."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.tasks.corpus import Corpus
from overlay.errors import InputError
from overlay.labelled.items import Item
from retriever import Document, parse_document

__all__ = ["read_squad"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str


class _Question(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: str
    answers: list[_Answer] = []
    is_impossible: bool = False


class _Paragraph(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    context: str
    qas: list[_Question]


class _Article(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str = ""
    paragraphs: list[_Paragraph]


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    data: list[_Article]


def read_squad(path: Path) -> Corpus:
    """Read a file; every paragraph is a document, and helps its own questions.

    Questions that version 2.0 calls impossible have no answer, and nothing helps them.

    Raises:
        InputError: the file is missing or is no SQuAD JSON; it names the key.
    """
    try:
        read = _File.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", param="path") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise InputError(f"{path}: {place}: {problem['msg']}", param="path") from error
    items: list[Item] = []
    documents: dict[str, Document] = {}
    relevant: dict[str, frozenset[str]] = {}
    for first, article in enumerate(read.data):
        for second, paragraph in enumerate(article.paragraphs):
            source = f"{first:04d}-{second:04d}.txt"
            documents[paragraph.context] = parse_document(source, paragraph.context.encode())
            for asked in paragraph.qas:
                answers = () if asked.is_impossible else tuple(a.text for a in asked.answers)
                items.append(
                    Item(asked.id, path.stem, asked.question, tuple(dict.fromkeys(answers)), ())
                )
                relevant[asked.id] = frozenset([source] if answers else [])
    return Corpus(items, list(documents.values()), relevant)
