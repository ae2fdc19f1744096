"""The store behind ``/v1/files`` and ``/v1/vector_stores``: records, their ingest, and searches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends
from fastapi.requests import Request

from overlay.settings import Settings
from overlay.uploads.background import Background
from overlay.uploads.catalogue import Catalogue

if TYPE_CHECKING:
    from overlay.libraries import Libraries
    from overlay.library import Library
    from retriever import RankedChunk

__all__ = ["Documents", "DocumentsOf"]

_REMOVAL = 10.0  # seconds that a removal waits for answers to rest on the document no more
_LOOK = 0.05

_Result = TypeVar("_Result")


class Documents:
    """What the two resources share. Any thread may use it.

    A search has a thread, a store and an embedder of its own. The worker's are busy for seconds
    with each answer, and what is neither loaded nor closed by the other side cannot race with it;
    Chroma's files are shared under a lock (:mod:`retriever.chroma`). They are opened by the first
    search.

    Args:
        settings: name the store, and say how documents are chunked and embedded.

    Attributes:
        catalogue: what the store holds and is to hold.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalogue = Catalogue(settings)
        self._background = Background(settings, self.catalogue)
        self._searching = ThreadPoolExecutor(1, thread_name_prefix="overlay-search")
        self._libraries: Libraries | None = None

    def start(self) -> None:
        """Remove what a killed server left, and go on with what it had to do."""
        self.catalogue.clear()
        self._background.start()

    def stop(self) -> None:
        """End the ingest, which the next server goes on with, and close the store."""
        self._background.stop()
        self._searching.submit(self._close)
        self._searching.shutdown()

    def changed(self) -> None:
        """Make the collections follow the records; returns at once."""
        self._background.wake()

    def settle(self, done: Callable[[], bool]) -> None:
        """Wait for a change, for some seconds at most: a long ingest comes before it."""
        deadline = time.monotonic() + _REMOVAL
        while not done() and time.monotonic() < deadline:
            time.sleep(_LOOK)

    def search(self, collection: str, queries: Sequence[str], k: int) -> list[RankedChunk]:
        """The best chunks of a collection; none where it is empty."""
        from retriever import search_several

        def find(library: Library) -> list[RankedChunk]:
            return [] if library.is_empty else search_several(library.retriever, queries, k)

        return self._with(collection, find)

    def text(self, collection: str, source: str, chunks: int) -> list[str]:
        """The chunks of a document in order."""

        def read(library: Library) -> list[str]:
            found = library.store.at([(source, position) for position in range(chunks)])
            return [chunk.text for chunk in sorted(found, key=lambda chunk: chunk.position)]

        return self._with(collection, read)

    def _with(self, collection: str, action: Callable[[Library], _Result]) -> _Result:
        """What an action makes of a collection, in the one thread that opens collections."""

        def run() -> _Result:
            from overlay.libraries import Libraries

            if self._libraries is None:
                self._libraries = Libraries(self.settings, may_be_empty=True)
            return action(self._libraries.get(collection))

        return self._searching.submit(run).result()

    def _close(self) -> None:
        if self._libraries is not None:
            self._libraries.close()


def _find_documents(request: Request) -> Documents:
    documents: Documents = request.app.state.documents
    return documents


DocumentsOf = Annotated[Documents, Depends(_find_documents)]
"""The documents of the application that a request came to."""
