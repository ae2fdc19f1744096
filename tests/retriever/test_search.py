from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overlay.errors import InputError
from retriever import (
    Chunker,
    ChunkStore,
    Retriever,
    SentenceTransformerEmbedder,
    StoreError,
    ingest,
)

FILES = {
    "door.md": "# Tamsel Bothy\n\n## Door\n\nThe door code is 2391. Press hard.",
    "copy.md": "# Tamsel Bothy\n\n## Door\n\nThe door code is 2391. Press hard!",
    "water.md": "# Water\n\nThe spring behind the hut is clean all year.",
    "bus.txt": "Bus 61 leaves the station at 06:50 from Monday to Saturday.",
    "dogs.md": "# Dogs\n\nDogs sleep in the shed, on straw.",
}


@pytest.fixture(scope="module")
def retriever(
    tmp_path_factory: pytest.TempPathFactory, minilm: SentenceTransformerEmbedder
) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with ChunkStore(folder / "store", minilm) as store:
        ingest(folder, store, minilm, Chunker(minilm.count_tokens))
        yield Retriever(store, minilm)


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Is the spring water safe to drink?", "water.md"),
        ("When does the bus go?", "bus.txt"),
        ("Where can my puppy spend the night?", "dogs.md"),
    ],
)
def test_the_right_chunk_comes_first(retriever: Retriever, question: str, source: str) -> None:
    ranked = retriever.search(question, 3)
    assert ranked[0].chunk.source == source
    assert [hit.rank for hit in ranked] == [0, 1, 2]
    assert 1 >= ranked[0].similarity > ranked[1].similarity >= ranked[2].similarity >= -1


def test_near_duplicates_are_kept(retriever: Retriever) -> None:
    ranked = retriever.search("What is the door code?", 2)
    assert {hit.chunk.source for hit in ranked} == {"door.md", "copy.md"}


def test_fewer_chunks_than_asked_for(retriever: Retriever) -> None:
    assert len(retriever.search("huts", 100)) == len(FILES)


@pytest.mark.parametrize(
    ("question", "k", "param"), [("huts", 0, "k"), ("huts", -3, "k"), (" \n", 3, "question")]
)
def test_bad_input(retriever: Retriever, question: str, k: int, param: str) -> None:
    with pytest.raises(InputError) as error:
        retriever.search(question, k)
    assert error.value.param == param
    assert error.value.hint


def test_nothing_ingested(tmp_path: Path, minilm: SentenceTransformerEmbedder) -> None:
    retriever = Retriever(ChunkStore(tmp_path / "store", minilm), minilm)
    with pytest.raises(StoreError, match="overlay ingest"):
        retriever.search("anything", 1)
