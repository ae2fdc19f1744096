"""What each way to search finds of a question's passages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retriever import Chunk, Chunker, ChunkStore, Document, Embedder, Mode, Retriever, embedded_text

if TYPE_CHECKING:
    from eval.lab.passages import PassageSet
    from eval.lab.ranking_scores import Scores

__all__ = ["BASE", "Way", "measure", "open_store"]

_SEARCHED = 20  # chunks: enough for ten passages, which have one or two each
_BATCH = 64  # passages embedded at a time
_RECIPE = "lab"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to search: what ranks, and whether titles are embedded and indexed with the texts."""

    mode: Mode
    titled: bool

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.mode} with titles" if self.titled else str(self.mode)


BASE = Way(Mode.DENSE, titled=False)
_WAYS = (
    BASE,
    Way(Mode.LEXICAL, titled=False),
    Way(Mode.FUSED, titled=False),
    Way(Mode.DENSE, titled=True),
    Way(Mode.FUSED, titled=True),
)


def measure(sets: Sequence[PassageSet], embedder: Embedder) -> dict[str, dict[str, list[Scores]]]:
    """The scores of every question, by set and way; sets without questions are left out.

    Sets of the same documents share a store.
    """
    results: dict[str, dict[str, list[Scores]]] = {each.name: {} for each in sets if each.asked}
    for titled in (False, True):
        ways = [way for way in _WAYS if way.titled is titled]
        for group in _of_one_store(sets):
            if titled and not group[0].titled:
                continue
            with open_store(group[0].documents, embedder, titled=titled) as store:
                holders = _holders(store)
                for each in filter(lambda one: one.asked, group):
                    for way in ways:
                        retriever = Retriever(store, embedder, way.mode)
                        results[each.name][way.name] = _scores(each, retriever, holders, way.name)
    return results


@contextmanager
def open_store(
    documents: Mapping[str, Document], embedder: Embedder, *, titled: bool
) -> Iterator[ChunkStore]:
    """A store of documents in a temporary folder.

    Args:
        titled: whether their titles are embedded and indexed with their texts.
    """
    from overlay.cli.progress import track

    chunker = Chunker(embedder.count_tokens)
    every = list(documents.values())
    starts = range(0, len(every), _BATCH)
    with TemporaryDirectory() as folder, ChunkStore(Path(folder), embedder) as store:
        with store.writer() as writer:
            for start in track(starts, f"embedding {len(every)} passages"):
                batch = [
                    (document, _split(chunker, document, titled=titled))
                    for document in every[start : start + _BATCH]
                ]
                texts = [embedded_text(chunk) for _, chunks in batch for chunk in chunks]
                writer.replace(batch, embedder.embed(texts), _RECIPE)
            writer.publish()
        yield store


def _split(chunker: Chunker, document: Document, *, titled: bool) -> list[Chunk]:
    chunks = chunker.split(document)
    return chunks if titled else [replace(chunk, title="") for chunk in chunks]


def _of_one_store(sets: Sequence[PassageSet]) -> list[list[PassageSet]]:
    groups: dict[int, list[PassageSet]] = {}
    for each in sets:
        groups.setdefault(id(each.documents), []).append(each)
    return list(groups.values())


def _holders(store: ChunkStore) -> dict[str, list[str]]:
    """By the text of a chunk, the sources of all documents that have it."""
    holders: dict[str, list[str]] = {}
    for chunk in store.chunks():
        holders.setdefault(chunk.text, []).append(chunk.source)
    return holders


def _scores(
    each: PassageSet, retriever: Retriever, holders: Mapping[str, Sequence[str]], way: str
) -> list[Scores]:
    from eval.lab.ranking_scores import score
    from overlay.cli.progress import track

    found = []
    for asked in track(each.asked, f"{each.name}, {way}"):
        hits = retriever.search(asked.question, _SEARCHED)
        # The passage of the best chunk comes first. A chunk stands for its twins too, which a
        # fused ranking leaves out: half of a passage may be the same in another.
        passages = (one for hit in hits for one in (hit.source, *holders[hit.text]))
        found.append(score(list(dict.fromkeys(passages)), asked.helpful))
    return found
