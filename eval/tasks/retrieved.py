"""End to end: passages that the retriever finds, with a kind where one can be told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from eval.tasks.corpus import Corpus
from overlay.labelled.items import Item, Kind, Passage
from overlay.labelled.matching import contains_any
from overlay.library import Library
from overlay.settings import Settings
from retriever import Document, IngestOptions, Progress, RankedChunk, Searcher

__all__ = ["Label", "kind_by_text", "open_corpus", "retrieve", "retrieve_with_relevant"]

Label = Callable[[Item, str, str], Kind]
"""What a passage is good for: from the question, the passage's text and its source."""

_MORE = 50  # chunks among which the relevant one is sought


def kind_by_text(corpus: Corpus | None = None) -> Label:
    """Tell kinds by what a passage says: the answer, or a known wrong one.

    Where a question has no known answer, its relevant documents decide; where nothing is known,
    nothing is told.
    """

    def label(item: Item, text: str, source: str) -> Kind:
        relevant = corpus.relevant.get(item.id) if corpus else None
        if contains_any(text, item.answers):
            return Kind.HELPFUL
        if contains_any(text, item.wrong_answers):
            return Kind.CONTRADICTING
        if item.answers or item.wrong_answers or relevant is None:
            return Kind.IRRELEVANT if item.answers or item.wrong_answers else Kind.UNKNOWN
        return Kind.HELPFUL if source in relevant else Kind.IRRELEVANT

    return label


def retrieve(items: Sequence[Item], searcher: Searcher, k: int, label: Label) -> list[Item]:
    """The questions with the ``k`` passages that a search finds, most similar first."""
    return [
        replace(
            item,
            passages=tuple(
                _passage(item, found, label) for found in searcher.search(item.question, k)
            ),
        )
        for item in items
    ]


def retrieve_with_relevant(
    items: Sequence[Item], searcher: Searcher, k: int, label: Label
) -> list[Item]:
    """As :func:`retrieve`, but a helpful passage stands among them wherever a search over many
    finds one, in the last place if it was not among the best ``k``."""
    completed = []
    for item in items:
        ranked = [
            _passage(item, found, label) for found in searcher.search(item.question, max(k, _MORE))
        ]
        best, rest = ranked[:k], ranked[k:]
        helpful = next((passage for passage in rest if passage.kind is Kind.HELPFUL), None)
        if helpful is not None and all(passage.kind is not Kind.HELPFUL for passage in best):
            best = [*best[:-1], helpful]
        completed.append(replace(item, passages=tuple(best)))
    return completed


@contextmanager
def open_corpus(
    documents: Sequence[Document],
    settings: Settings,
    folder: Path,
    progress: Progress | None = None,
) -> Iterator[Searcher]:
    """A store of the documents, made once for each corpus and kept.

    Args:
        folder: holds one store for each corpus.
    """
    digest = hashlib.sha256()
    for document in documents:
        digest.update(f"{document.source} {document.sha256}\n".encode())
    store = folder / digest.hexdigest()[:16]
    with Library(settings.model_copy(update={"store": store})) as library:
        library.ingest_documents(documents, IngestOptions(progress=progress))
        yield library.retriever


def _passage(item: Item, found: RankedChunk, label: Label) -> Passage:
    chunk = found.chunk
    kind = label(item, chunk.text, chunk.source)
    return Passage(chunk.text, kind, chunk.source, found.similarity)
