"""The documents behind the answers: a chunk store with its embedder, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlay.settings import Settings
from retriever import (
    Chunker,
    ChunkStore,
    Document,
    IngestReport,
    Progress,
    Retriever,
    SentenceTransformerEmbedder,
    StoreError,
    ingest,
    ingest_documents,
)

__all__ = ["Library"]


class Library:
    """A chunk store and its embedder. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.embedder = SentenceTransformerEmbedder(settings.embedder)
        self.store = ChunkStore(settings.store, self.embedder)
        self.retriever = Retriever(self.store, self.embedder)

    def ingest(self, folder: Path, progress: Progress | None = None) -> IngestReport:
        """Make the store hold the documents of a folder; see :func:`retriever.ingest.ingest`."""
        return ingest(folder, self.store, self.embedder, self._chunker(), progress)

    def ingest_documents(
        self, documents: Sequence[Document], progress: Progress | None = None
    ) -> IngestReport:
        """Make the store hold these documents and no others."""
        return ingest_documents(documents, self.store, self.embedder, self._chunker(), progress)

    def check(self) -> None:
        """Raise StoreError unless something was ingested that can be searched."""
        if not self.store.count():
            raise StoreError(
                f"there is nothing in the store {self._settings.store}",
                hint="run `overlay ingest FOLDER` first, or name another store with --store",
                param="store",
            )

    def load(self) -> None:
        """Load now what the first search would wait for: the embedder and the store's index.

        Raises:
            EmbedderError: the embedder does not load.
            StoreError: the store cannot be searched.
        """
        self.retriever.search("?", 1)

    def close(self) -> None:
        """Close the store's files."""
        self.store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _chunker(self) -> Chunker:
        return Chunker(self.embedder.count_tokens, self._settings.chunk_tokens)
