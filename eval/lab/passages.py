"""Question files as sets to search: their passages are documents, their questions have targets."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from overlay.errors import InputError
from overlay.labelled.given import read_given
from overlay.labelled.items import Item, Kind, Passage
from retriever import Document
from retriever.content import Part

__all__ = ["Asked", "PassageSet", "pool", "read_passages", "title_of"]

# What stands in front of an article's name, and which passage of it this is. Other sources are no
# names, and some say what a passage is good for.
_ARTICLE = re.compile(r"(?:wikipedia|xquad|squad[^:]*):(?:[0-9a-f]{32}~)?(?P<name>.*?)(?:#.*)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the sources of the documents that help to answer it, at least one."""

    question: str
    helpful: frozenset[str]


@dataclass(frozen=True, slots=True)
class PassageSet:
    """What one store is made of, and what is asked of it.

    Attributes:
        documents: one for each different passage, by its source.
    """

    name: str
    asked: tuple[Asked, ...]
    documents: dict[str, Document]

    @property
    def titled(self) -> bool:
        """Whether any of its documents has a title."""
        return any(document.title for document in self.documents.values())


def read_passages(path: Path, *, questions: int, seed: int) -> PassageSet:
    """Reads a file of questions, as :func:`overlay.labelled.given.read_given` does.

    Args:
        questions: most of them that are asked, drawn from the different ones that have a helpful
            passage; the passages of all are documents.
        seed: the same ones for the same seed.

    Raises:
        InputError: the file cannot be read, or is empty.
    """
    items = read_given(path)
    if not items:
        raise InputError(f"{path} holds no question", param="files")
    helpful: dict[str, set[str]] = {}
    for item in items:
        if good := {_source(passage) for passage in item.of_kind(Kind.HELPFUL)}:
            helpful.setdefault(item.question, set()).update(good)
    asked = [Asked(question, frozenset(good)) for question, good in helpful.items()]
    random.Random(seed).shuffle(asked)  # noqa: S311 - a sample, not a secret
    return PassageSet(path.stem, tuple(asked[:questions]), _documents(items))


def pool(sets: Sequence[PassageSet]) -> list[PassageSet]:
    """The same sets, the questions of each asked of the passages of all."""
    documents = {key: one for each in reversed(sets) for key, one in each.documents.items()}
    return [PassageSet(each.name, each.asked, documents) for each in sets]


def title_of(source: str) -> str:
    """The article's name in a passage's source; empty where it has none."""
    found = _ARTICLE.fullmatch(source)
    name = found["name"].replace("_", " ").strip() if found else ""
    return "" if name.isdecimal() else name


def _documents(items: Iterable[Item]) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for item in items:
        for passage in item.passages:
            key = _source(passage)
            document = Document(key, title_of(passage.source), (Part(passage.text),), key)
            documents.setdefault(key, document)
    return documents


def _source(passage: Passage) -> str:
    return hashlib.sha256(passage.text.encode()).hexdigest()
