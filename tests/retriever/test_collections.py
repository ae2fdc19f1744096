from __future__ import annotations

from pathlib import Path

from retriever import (
    Chunker,
    ChunkStore,
    collection_folder,
    collections,
    embedder_of,
    ingest,
    keep_embedder,
)
from tests.retriever.conftest import WriteFolder
from tests.retriever.hashing import HashEmbedder


def test_each_collection_holds_its_own(tmp_path: Path, write_folder: WriteFolder) -> None:
    embedder = HashEmbedder()
    chunker = Chunker(embedder.count_tokens, 32)
    for name, text in (("default", "The ferry."), ("huts", "The hut.")):
        with ChunkStore(collection_folder(tmp_path / "store", name), embedder) as store:
            ingest(write_folder({"a.md": text}), store, embedder, chunker)
    assert collections(tmp_path / "store") == ["default", "huts"]
    for name, text in (("default", "The ferry."), ("huts", "The hut.")):
        with ChunkStore(collection_folder(tmp_path / "store", name), embedder) as store:
            assert [chunk.text for chunk in store.chunks()] == [text]


def test_what_is_not_a_collection_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "collections" / "empty").mkdir(parents=True)
    (tmp_path / "collections" / "Not one").mkdir()
    assert collections(tmp_path) == []


def test_the_embedder_is_kept(tmp_path: Path) -> None:
    folder = collection_folder(tmp_path, "huts")
    assert embedder_of(folder) is None
    keep_embedder(folder, "some/model")
    assert embedder_of(folder) == "some/model"
