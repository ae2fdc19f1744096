"""Tasks by name, so that a run can list them in a file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eval.tasks.beir import read_beir
from eval.tasks.corpus import Corpus
from eval.tasks.retrieved import kind_by_text, open_corpus, retrieve, retrieve_with_relevant
from eval.tasks.sample import DOCUMENTS, sample_items, sample_label
from eval.tasks.squad import read_squad
from eval.tasks.table import read_table
from overlay.errors import InputError
from overlay.labelled.given import read_given
from overlay.labelled.items import Item
from overlay.library import Library
from overlay.settings import Settings
from retriever import Progress, read_folder

__all__ = ["STORES", "TaskSpec", "load_items"]

STORES = Path(".overlay/eval-stores")


class TaskSpec(BaseModel):
    """Where questions come from.

    Attributes:
        kind: the form of the file, or ``sample`` for the project's own documents.
        path: the file or folder, relative to the run's file.
        name: how tables call the task; the file's name if not given.
        setting: ``retrieved`` takes what the retriever finds; ``given`` takes the file's own
            passages, or makes sure that a helpful one is among those found (SQuAD, BEIR).
        questions: so many, drawn with the run's seed; all if not given.
        k: passages retrieved for a question; the setting of Overlay if not given.
        split: which relevance judgements of a BEIR folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sample", "given", "squad", "beir", "table"]
    path: Path | None = None
    name: str = ""
    setting: Literal["given", "retrieved"] | None = None
    questions: Annotated[int, Field(ge=1)] | None = None
    k: Annotated[int, Field(ge=1, le=64)] | None = None
    split: str = "test"

    @property
    def label(self) -> str:
        """The name in tables."""
        return self.name or (self.path.stem if self.path else self.kind)


def load_items(
    task: TaskSpec,
    settings: Settings,
    *,
    folder: Path,
    seed: int,
    stores: Path = STORES,
    progress: Progress | None = None,
) -> list[Item]:
    """The questions of a task with their passages.

    Args:
        settings: of the retriever; a task of kind ``table`` searches the store that they name.
        folder: where a relative path starts.
        seed: draws the questions.
        stores: holds the stores of the documents that tasks bring.
        progress: told of documents as they are embedded.

    Raises:
        InputError: the task needs a path, a file cannot be read, the setting does not fit the
            kind, or there are fewer questions than asked for.
        StoreError: a ``table`` task, and nothing was ingested.
    """
    k = task.k or settings.k
    path = _path(task, folder)
    if task.kind == "given":
        if task.setting == "retrieved":
            raise _setting(task, "its chunks are given", "use setting = 'given'")
        return _draw(read_given(path), task, seed)
    if task.kind == "table":
        if task.setting == "given":
            raise _setting(task, "its passages come from your store", "use setting = 'retrieved'")
        items = _draw(read_table(path), task, seed)
        with Library(settings) as library:
            library.check()
            return retrieve(items, library.retriever, k, kind_by_text())
    corpus = _corpus(task, path)
    label = sample_label() if task.kind == "sample" else kind_by_text(corpus)
    find = retrieve_with_relevant if task.setting == "given" else retrieve
    items = _draw(corpus.items, task, seed)
    with open_corpus(corpus.documents, settings, stores, progress) as searcher:
        return find(items, searcher, k, label)


def _corpus(task: TaskSpec, path: Path) -> Corpus:
    if task.kind == "sample":
        return Corpus(sample_items(), read_folder(DOCUMENTS))
    return read_squad(path) if task.kind == "squad" else read_beir(path, task.split)


def _path(task: TaskSpec, folder: Path) -> Path:
    if task.kind == "sample":
        return DOCUMENTS
    if task.path is None:
        raise InputError(
            f"a task of kind {task.kind!r} has no path",
            hint="path names its file or folder, relative to the run's file",
            param="tasks.path",
        )
    return folder / task.path.expanduser()


def _setting(task: TaskSpec, why: str, hint: str) -> InputError:
    return InputError(
        f"a task of kind {task.kind!r} cannot be {task.setting!r}: {why}",
        hint=hint,
        param="tasks.setting",
    )


def _draw(items: Sequence[Item], task: TaskSpec, seed: int) -> list[Item]:
    """So many questions as asked for, in an order drawn with the seed."""
    drawn = list(items)
    random.Random(f"{seed} {task.label}").shuffle(drawn)  # noqa: S311 - a sample, not a secret
    if not drawn or (task.questions or 0) > len(drawn):
        raise InputError(
            f"the task {task.label!r} holds {len(drawn)} questions"
            + (f", not {task.questions}" if task.questions else ""),
            hint="ask for fewer, or leave `questions` out",
            param="tasks.questions",
        )
    return drawn[: task.questions]
