"""Which documents a search may find, in Chroma and in the index of words alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overlay.errors import InputError
from retriever import Chunk, ChunkStore, Document, Filter, Mode, Retriever, StoreError
from retriever.chroma import among_sources
from retriever.content import Part
from tests.retriever.hashing import HashEmbedder

DATED = {
    "notes/a.md": "2023-12-31",
    "notes/b.md": "2024-01-01",
    "notes/[old] c.md": "",
    "fees 2024.pdf": "2024-06-30",
    "fees 2025.pdf": "2025-02-01",
}


@pytest.fixture
def store(tmp_path: Path, embedder: HashEmbedder) -> Iterator[ChunkStore]:
    """Four chunks a document, all about the ferry."""
    batch = []
    for source, date in DATED.items():
        texts = [f"The ferry of {source} leaves at {hour}." for hour in range(4)]
        document = Document(source, "", (Part("\n".join(texts)),), source, date)
        batch.append(
            (
                document,
                [
                    Chunk(f"{source} {number}", source, "", number, text, "", date)
                    for number, text in enumerate(texts)
                ],
            )
        )
    vectors = embedder.embed([chunk.text for _, chunks in batch for chunk in chunks])
    with ChunkStore(tmp_path / "store", embedder) as store:
        with store.writer() as writer:
            writer.replace(batch, vectors, "recipe")
            writer.publish()
        yield store


FILTERS = pytest.mark.parametrize(
    ("only", "sources"),
    [
        (Filter(), [*DATED]),
        (Filter(("notes/",)), ["notes/a.md", "notes/b.md", "notes/[old] c.md"]),
        (Filter(("notes/[old] c.md",)), ["notes/[old] c.md"]),
        (Filter(("*.pdf",)), ["fees 2024.pdf", "fees 2025.pdf"]),
        (Filter(("*2025*", "notes/a")), ["fees 2025.pdf", "notes/a.md"]),
        (Filter(since="2024-01-01"), ["notes/b.md", "fees 2024.pdf", "fees 2025.pdf"]),
        (Filter(until="2024-01-01"), ["notes/a.md", "notes/b.md"]),
        (Filter(since="2024-01-01", until="2024-06-30"), ["notes/b.md", "fees 2024.pdf"]),
        (Filter(("notes/",), since="2024-01-01"), ["notes/b.md"]),
        (Filter(since="2030-01-01"), []),
    ],
)


@FILTERS
@pytest.mark.parametrize("mode", Mode)
def test_only_the_chosen_documents_are_found(
    store: ChunkStore, embedder: HashEmbedder, only: Filter, sources: list[str], mode: Mode
) -> None:
    # Of words that every chunk has, none tells: 3 stands in five of twenty.
    found = Retriever(store, embedder, mode, only=only).search("ferry leaves at 3", 20)
    assert {hit.source for hit in found} == set(sources)
    assert [hit.rank for hit in found] == [*range(len(found))]
    if mode is Mode.DENSE:
        assert len(found) == 4 * len(sources)


def test_k_chunks_come_back_where_the_best_ones_are_left_out(
    store: ChunkStore, embedder: HashEmbedder
) -> None:
    retriever = Retriever(store, embedder, only=Filter(("notes/b.md",)))
    found = retriever.search("The ferry of fees 2024.pdf leaves at 3.", 3)
    assert [hit.source for hit in found] == ["notes/b.md"] * 3


def test_narrowed_leaves_the_first_as_it_is(store: ChunkStore, embedder: HashEmbedder) -> None:
    whole = Retriever(store, embedder)
    assert len(whole.narrowed(Filter(("*.pdf",))).search("ferry", 20)) == 8
    assert len(whole.search("ferry", 20)) == 20


def test_a_source_that_fits_nothing_is_named(store: ChunkStore, embedder: HashEmbedder) -> None:
    with pytest.raises(InputError, match=r"source is 'note\.md', which fits none of 5") as error:
        Retriever(store, embedder, only=Filter(("note.md", "notes/"))).search("ferry", 2)
    assert error.value.param == "source"
    assert "overlay documents list" in error.value.hint


def test_an_empty_store_says_that_it_is_empty(tmp_path: Path, embedder: HashEmbedder) -> None:
    with (
        ChunkStore(tmp_path / "none", embedder) as empty,
        pytest.raises(StoreError, match="overlay ingest"),
    ):
        Retriever(empty, embedder, only=Filter(("a",))).search("ferry", 2)


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"sources": (" ",)}, "source", "blank"),
        ({"since": "2024-2-1"}, "since", "'2024-2-1'"),
        ({"since": "20240201"}, "since", "'20240201'"),
        ({"until": "2024-02-30"}, "until", "'2024-02-30'"),
        ({"until": "yesterday"}, "until", "'yesterday'"),
        ({"since": "2024-02-02", "until": "2024-02-01"}, "since", "after until"),
    ],
)
def test_what_cannot_be_used_is_named(
    fields: dict[str, str | tuple[str, ...]], param: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as error:
        Filter(**fields)  # type: ignore[arg-type]  # of both types
    assert error.value.param == param
    assert error.value.hint


def test_the_shorter_list_is_named_to_chroma() -> None:
    held = ["a", "b", "c"]
    assert among_sources(held, held) is None
    assert among_sources(["a"], held) == {"source": {"$in": ["a"]}}
    assert among_sources(["a", "c"], held) == {"source": {"$nin": ["b"]}}
    many = [str(number) for number in range(60_002)]
    with pytest.raises(StoreError, match="30001 and 30001 documents"):
        among_sources(many[::2], many)


def test_documents_have_their_dates(store: ChunkStore) -> None:
    assert {one.source: one.date for one in store.documents().values()} == DATED
