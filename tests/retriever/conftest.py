from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retriever import Chunker, ChunkStore, SentenceTransformerEmbedder
from tests.retriever.hashing import HashEmbedder

WriteFolder = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformerEmbedder:
    """The real packaged model; it takes seconds to load."""
    return SentenceTransformerEmbedder()


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def chunker(embedder: HashEmbedder) -> Chunker:
    return Chunker(embedder.count_tokens, limit=32)


@pytest.fixture
def store(tmp_path: Path, embedder: HashEmbedder) -> Iterator[ChunkStore]:
    with ChunkStore(tmp_path / "store", embedder) as store:
        yield store


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    """Makes the folder ``documents`` hold these files and no others."""
    folder = tmp_path / "documents"

    def write(files: dict[str, str]) -> Path:
        folder.mkdir(exist_ok=True)
        for old in folder.rglob("*.*"):
            old.unlink()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write
