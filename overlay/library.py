"""The documents behind the answers: a chunk store with its embedder, from the settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overlay.settings import Settings
from retriever import (
    Chunker,
    ChunkStore,
    Document,
    IngestOptions,
    IngestReport,
    Retriever,
    StoreError,
    StoreWriter,
    Window,
    collection_folder,
    embedder_of,
    ingest,
    ingest_documents,
    keep_embedder,
    open_embedder,
    open_reranker,
)

__all__ = ["Library"]

_LONGEST_JOINED = 4  # times the largest chunk: five such chunks and a prompt fit 4096 tokens


class Library:
    """One collection's chunk store and its embedder. Close it, or use it as a context manager.

    Args:
        settings: where the store is, and how documents are chunked and embedded.
        collection: in place of the one that the settings name. A collection is opened with the
            embedder that it was made with; a set embedder counts for the settings' own only.

    Attributes:
        folder: where the store is.
        embedder_name: its embedder, as a setting names it.
    """

    def __init__(self, settings: Settings, collection: str | None = None) -> None:
        self._settings = settings
        name = collection or settings.collection
        self.folder = collection_folder(settings.store, name)
        self._named = "embedder" in settings.model_fields_set and name == settings.collection
        self.embedder_name = self.embedder_now
        self.embedder = open_embedder(self.embedder_name)
        self.store = ChunkStore(self.folder, self.embedder)
        self.retriever = Retriever(
            self.store,
            self.embedder,
            window=Window(settings.window, _LONGEST_JOINED * settings.chunk_tokens),
            reranker=open_reranker(settings.reranker),
        )

    @property
    def embedder_now(self) -> str:
        """The embedder that it would be opened with now: what was empty may have been filled."""
        own = None if self._named else embedder_of(self.folder)
        return own or self._settings.embedder

    def ingest(self, folder: Path, options: IngestOptions | None = None) -> IngestReport:
        """Make the store hold the documents of a folder; see :func:`retriever.ingest.ingest`."""
        self._keep_embedder()
        return ingest(folder, self.store, self.embedder, self.chunker, options)

    def ingest_documents(
        self, documents: Sequence[Document], options: IngestOptions | None = None
    ) -> IngestReport:
        """Make the store hold these documents and no others."""
        self._keep_embedder()
        return ingest_documents(documents, self.store, self.embedder, self.chunker, options)

    def remove(self, sources: Sequence[str]) -> None:
        """Take documents out of the store. Their files stay: the next ingest reads them again.

        Raises:
            StoreError, BusyError: from the store.
        """
        with self.store.writer() as writer:
            writer.remove(sources)
            writer.publish()

    @contextmanager
    def writer(self) -> Iterator[StoreWriter]:
        """The only writer of the store; see :meth:`retriever.store.ChunkStore.writer`."""
        with self.store.writer() as writer:
            self._keep_embedder()
            yield writer

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be searched."""
        return not self.store.count()

    def check(self) -> None:
        """Raise StoreError unless something was ingested that can be searched."""
        if self.is_empty:
            raise StoreError(
                f"there is nothing in the store {self.folder}",
                hint="run `overlay ingest FOLDER` first, or name another store with --store",
                param="store",
            )

    def load(self) -> None:
        """Load now what the first search would wait for: the embedder and the store's index.

        Raises:
            EmbedderError: the embedder does not load.
            StoreError: the store cannot be searched.
        """
        if self.is_empty:
            self.embedder.embed_questions(["?"])
        else:
            self.retriever.search("?", 1)

    def close(self) -> None:
        """Close the store's files."""
        self.store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _keep_embedder(self) -> None:
        """Before the first document: what is there already has an embedder and keeps it."""
        if self.is_empty:
            keep_embedder(self.folder, self.embedder_name)

    @property
    def chunker(self) -> Chunker:
        """Cuts documents as the settings say."""
        return Chunker(self.embedder.count_tokens, self._settings.chunk_tokens)
