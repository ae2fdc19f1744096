"""Chunks joined with those beside them, on plain values and on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever import (
    EVERYTHING,
    Chunk,
    ChunkStore,
    Document,
    Mode,
    RankedChunk,
    Retriever,
    Window,
    search_several,
)
from retriever.content import Part
from retriever.window import joined, places_beside
from tests.retriever.hashing import HashEmbedder

TEXTS = [
    "Bunks are upstairs.",
    "Blankets lie in the chest.",
    "The stove burns birch.",
    "Ash goes into the iron bucket.",
    "The bucket stands outside.",
    "Shut the door.",
]


def words(text: str) -> int:
    return len(text.split())


def chunk(position: int, text: str = "", source: str = "hut.md") -> Chunk:
    return Chunk(f"{source} {position}", source, "Hut", position, text or TEXTS[position], "page 1")


def ranked(*positions: int) -> list[RankedChunk]:
    return [RankedChunk(chunk(one), 0.9 - rank / 10, rank) for rank, one in enumerate(positions)]


HELD = {("hut.md", position): chunk(position) for position in range(len(TEXTS))}


@pytest.mark.parametrize(
    ("found", "window", "expected"),
    [
        ([2], Window(0), [[2]]),
        ([2], Window(1), [[1, 2, 3]]),
        ([2], Window(9), [[0, 1, 2, 3, 4, 5]]),
        ([0], Window(1), [[0, 1]]),
        ([5], Window(1), [[4, 5]]),
        # Neighbours that were found are joined to nothing; what lies between goes to the better.
        ([2, 3], Window(1), [[1, 2], [3, 4]]),
        ([2, 4], Window(2), [[0, 1, 2, 3], [4, 5]]),
        ([4, 2], Window(1), [[3, 4, 5], [1, 2]]),
        # Nine words fit one neighbour of five, and the one before comes first.
        ([2], Window(1, tokens=9), [[1, 2]]),
        ([2], Window(2, tokens=15), [[1, 2, 3]]),
        ([2], Window(2, tokens=2), [[2]]),
    ],
)
def test_neighbours_are_joined_once_and_within_the_bound(
    found: list[int], window: Window, expected: list[list[int]]
) -> None:
    hits = ranked(*found)
    wider = joined(hits, HELD, window, words)
    assert [hit.text for hit in wider] == [
        "\n".join(TEXTS[position] for position in group) for group in expected
    ]
    for before, after in zip(hits, wider, strict=True):
        assert (after.chunk.id, after.where, after.chunk.position) == (
            before.chunk.id,
            before.where,
            before.chunk.position,
        )
        assert (after.similarity, after.rank) == (before.similarity, before.rank)


def test_what_overlaps_stands_once() -> None:
    held = {
        ("hut.md", 0): chunk(0, "The stove burns birch. Ash goes into the bucket."),
        ("hut.md", 1): chunk(1, "Ash goes into the bucket. It stands outside."),
        ("hut.md", 2): chunk(2, "outside. Shut the door."),
    }
    [wider] = joined([RankedChunk(held["hut.md", 1], 0.5, 0)], held, Window(1), words)
    assert wider.text == (
        "The stove burns birch. Ash goes into the bucket. It stands outside.\n"
        "outside. Shut the door."  # too little to be told from chance
    )


def test_a_table_that_was_cut_has_one_head_again() -> None:
    head = "| hour | boat |\n| --- | --- |\n"
    held = {
        ("hut.md", 0): chunk(0, f"Sailings.\n\n{head}| 6 | Ida |"),
        ("hut.md", 1): chunk(1, f"{head}| 9 | Mo |"),
        ("hut.md", 2): chunk(2, f"{head}| 12 | Ida |"),
    }
    for found in held.values():
        [wider] = joined([RankedChunk(found, 0.5, 0)], held, Window(2), words)
        assert wider.text == f"Sailings.\n\n{head}| 6 | Ida |\n| 9 | Mo |\n| 12 | Ida |"


def test_another_table_keeps_its_head() -> None:
    head = "| hour | boat |\n| --- | --- |\n"
    held = {
        ("hut.md", 0): chunk(0, f"{head}| 6 | Ida |\n\nIn winter:"),
        ("hut.md", 1): chunk(1, f"{head}| 9 | Mo |"),
    }
    [wider] = joined([RankedChunk(held["hut.md", 1], 0.5, 0)], held, Window(1), words)
    assert wider.text == f"{head}| 6 | Ida |\n\nIn winter:\n{head}| 9 | Mo |"


@given(st.lists(st.integers(0, 5), min_size=1, unique=True), st.integers(0, 5), st.integers(0, 40))
def test_no_text_comes_twice_and_none_is_lost(found: list[int], chunks: int, bound: int) -> None:
    wider = joined(ranked(*found), HELD, Window(chunks, bound), words)
    lines = [line for hit in wider for line in hit.text.split("\n")]
    assert len(lines) == len(set(lines))
    assert {TEXTS[position] for position in found} <= set(lines)
    for hit, position in zip(wider, found, strict=True):
        assert words(hit.text) <= max(bound, words(TEXTS[position]))


def test_places_are_asked_for_once() -> None:
    assert places_beside(ranked(0, 2), Window(1)) == [("hut.md", 1), ("hut.md", 3)]
    assert places_beside(ranked(0), Window(0)) == []


@pytest.fixture
def store(tmp_path: Path, embedder: HashEmbedder) -> Iterator[ChunkStore]:
    batch = [
        (
            Document(source, "", (Part("\n".join(TEXTS)),), source),
            [chunk(number, text, source) for number, text in enumerate(TEXTS)],
        )
        for source in ("hut.md", "other.md")
    ]
    vectors = embedder.embed([one.text for _, chunks in batch for one in chunks])
    with ChunkStore(tmp_path / "store", embedder) as store:
        with store.writer() as writer:
            writer.replace(batch, vectors, "recipe")
            writer.publish()
        yield store


def test_the_store_knows_its_chunks_by_place(store: ChunkStore) -> None:
    asked = [("hut.md", 1), ("other.md", 0), ("other.md", 5), ("hut.md", 6), ("none.md", 0)]
    assert {one.id for one in store.at(asked)} == {"hut.md 1", "other.md 0", "other.md 5"}
    assert [one.text for one in store.at([("hut.md", 2)])] == [TEXTS[2]]
    assert store.at([]) == []


@pytest.mark.parametrize("mode", Mode)
def test_a_search_gives_wider_chunks_of_the_same_similarity(
    store: ChunkStore, embedder: HashEmbedder, mode: Mode
) -> None:
    narrow = Retriever(store, embedder, mode, window=Window(0))
    wide = narrow.narrowed(EVERYTHING, 1)
    [one] = narrow.search("What does the stove burn?", 1)
    [other] = wide.search("What does the stove burn?", 1)
    assert one.text == TEXTS[2]
    assert other.text == "\n".join(TEXTS[1:4])
    assert (other.chunk.id, other.similarity) == (one.chunk.id, one.similarity)


def test_several_queries_give_wider_chunks_too(store: ChunkStore, embedder: HashEmbedder) -> None:
    wide = Retriever(store, embedder, window=Window(1))
    queries = ["What does the stove burn?", "the stove What does it burn?"]
    [one] = wide.search(queries[0], 1)
    [other] = search_several(wide, queries, 1)
    assert other.text == one.text == "\n".join(TEXTS[1:4])
