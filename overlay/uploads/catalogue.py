"""What the store holds, as clients see it: uploaded files, and collections with their files."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from overlay.errors import InputError, OverlayError
from overlay.settings import Settings
from overlay.uploads.errors import UnknownIdError
from overlay.uploads.holding import ROOT, SERVER, has_work, state_of
from overlay.uploads.names import document_id, slug
from overlay.uploads.published import Published
from overlay.uploads.shelf import Shelf, UploadedFile
from overlay.uploads.wanted import (
    Attributes,
    Failure,
    Given,
    Wanted,
    known_collections,
    leftovers,
    wanted_names,
)
from retriever import StoredDocument, collection_folder, collections

__all__ = ["Catalogue", "Entry", "Listed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a collection, or one that it is to hold.

    Attributes:
        id: of the uploaded file, or ``doc-...`` for one that `overlay ingest` put there.
        source: what answers call it; empty where the collection does not hold it.
        bytes: the file's size; 0 where the file is gone.
        created: in nanoseconds since 1970; of an ingested one when the collection was published.
        failure: why it is not there.
        done: whether it is there.
        chunks: how many the collection holds of it.
    """

    id: str
    filename: str
    source: str
    bytes: int
    created: int
    done: bool
    failure: Failure | None = None
    attributes: Attributes = field(default_factory=dict)
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection: its own name, what a client said of it, and what is in it."""

    name: str
    given: Given
    entries: tuple[Entry, ...]


class Catalogue:
    """Reads and changes the records; the background process makes the collections follow.

    Any thread may use it.

    Args:
        settings: name the store, and the collection that answers where a request names none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store: Path = settings.store
        self.shelf = Shelf(settings.store)
        self._changing = threading.RLock()
        self._published: dict[str, Published] = {}
        self.troubles: Mapping[str, str] = {}

    @property
    def own(self) -> str:
        """The collection that answers where a request names none."""
        return self._settings.collection

    def names(self) -> list[str]:
        """Collections that are there, with the settings' own, and without those that are to go."""
        return sorted({self.own, *known_collections(self._store)})

    def upload(self, content: BinaryIO, filename: str | None, purpose: str) -> UploadedFile:
        """See :meth:`overlay.uploads.shelf.Shelf.add`."""
        return self.shelf.add(content, filename, purpose)

    def remove_file(self, identity: str) -> None:
        """Remove an uploaded file, from every collection too.

        Raises:
            UnknownIdError: there is no such file.
        """
        with self._changing:
            self.shelf.get(identity)
            for name in self.names():
                wanted = Wanted(self._store, name)
                for one in wanted.attached():
                    if one.file_id == identity:
                        wanted.detach(one)
            self.shelf.remove(identity)

    def create(self, name: str | None, metadata: Mapping[str, str]) -> str:
        """Make a collection; its own name is made of the given one, see :func:`names.slug`."""
        with self._changing:
            taken = {self.own, *collections(self._store), *wanted_names(self._store)}
            own = slug(name, taken)
            Wanted(self._store, own).give(Given(name or own, metadata=metadata))
            return own

    def describe(self, name: str, given: str | None, metadata: Mapping[str, str] | None) -> None:
        """Give a collection another name to show, or other metadata; None leaves it."""
        with self._changing:
            before = self.given(name)
            after = replace(
                before,
                name=before.name if given is None else given,
                metadata=before.metadata if metadata is None else metadata,
            )
            Wanted(self._store, name).give(after)

    def delete(self, name: str) -> None:
        """Let a collection go, with all documents in it; uploaded files stay on the shelf.

        Raises:
            UnknownIdError: there is no such collection.
            InputError: it is the one that answers where a request names none.
        """
        with self._changing:
            given = self.given(name)
            if name == self.own:
                raise InputError(
                    f"the collection {name} answers where a request names none, and stays",
                    hint="remove its files one by one, or serve with another setting collection",
                    param="vector_store_id",
                )
            Wanted(self._store, name).give(replace(given, deleted=True))

    def is_going(self, name: str) -> bool:
        """Whether a collection is deleted and its name not free yet."""
        given = Wanted(self._store, name).given
        return given is not None and given.deleted

    def attach(self, name: str, file_id: str, attributes: Attributes) -> None:
        """Let a collection hold a file, in the place of one of the same name.

        Raises:
            UnknownIdError: there is no such collection or file.
        """
        with self._changing:
            self.check(name)
            file = self.shelf.get(file_id)
            Wanted(self._store, name).attach(file, attributes)

    def detach(self, name: str, entry_id: str) -> None:
        """Let a collection hold a file, or a document that was ingested, no more.

        Raises:
            UnknownIdError: there is no such collection, or no such file in it.
        """
        with self._changing:
            entry = self.entry(name, entry_id)
            wanted = Wanted(self._store, name)
            found = [one for one in wanted.attached() if one.file_id == entry_id]
            for one in found:
                wanted.detach(one)
            if not found:
                wanted.ask_removal(entry.source)

    def check(self, name: str) -> None:
        """Raise UnknownIdError unless there is such a collection."""
        if name not in self.names():
            raise UnknownIdError(
                f"there is no vector store {f'vs_{name}'[:80]!r}",
                hint="GET /v1/vector_stores lists those that there are",
                param="vector_store_id",
            )

    def given(self, name: str) -> Given:
        """What is known of a collection but its files.

        Raises:
            UnknownIdError: there is no such collection.
        """
        self.check(name)
        return Wanted(self._store, name).given or Given(name, self._since(name))

    def listed(self, name: str) -> Listed:
        """A collection with its files.

        Raises:
            UnknownIdError: there is no such collection.
            StoreError: it is damaged.
        """
        given = self.given(name)
        wanted = Wanted(self._store, name)
        held = self._held(name)
        state = state_of(wanted, self.shelf, held)
        ours = {one.path: one for one in held if one.root == ROOT}
        trouble = self.troubles.get(name)
        waiting = {file.id for _, file in state.waiting}
        failures = wanted.failures()
        entries = []
        for one in wanted.attached():
            try:
                file = self.shelf.get(one.file_id)
            except UnknownIdError:
                continue
            document = ours.get(f"{ROOT}/{one.filename}")
            failure = failures.get(file.id)
            if file.id in waiting:
                document = None
                failure = Failure(file.id, SERVER, trouble) if trouble else None
            entries.append(
                Entry(
                    file.id,
                    file.filename,
                    document.source if document else "",
                    file.bytes,
                    one.created,
                    done=document is not None,
                    failure=None if document else failure,
                    attributes=one.attributes,
                    chunks=document.chunks if document else 0,
                )
            )
        gone = {*wanted.removals()}
        since = self._since(name)
        others = [one for one in held if one.root != ROOT and one.source not in gone]
        return Listed(name, given, (*entries, *(_ingested(one, since) for one in others)))

    def entry(self, name: str, entry_id: str) -> Entry:
        """One file of a collection.

        Raises:
            UnknownIdError: there is no such collection, or no such file in it.
        """
        for entry in self.listed(name).entries:
            if entry.id == entry_id:
                return entry
        raise UnknownIdError(
            f"the vector store {f'vs_{name}'[:80]!r} has no file {entry_id[:80]!r}",
            hint="GET /v1/vector_stores/ID/files lists those that it has",
            param="file_id",
        )

    def unfinished(self) -> list[str]:
        """Collections that are not as their records say, in no order."""
        return [name for name in wanted_names(self._store) if self._has_work(name)]

    def holds(self, name: str, source: str) -> bool:
        """Whether answers may still rest on a document."""
        return any(one.source == source for one in self._held(name))

    def clear(self) -> None:
        """Remove what killed processes left; before the first request."""
        self.shelf.clear()
        for path in leftovers(self._store):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _has_work(self, name: str) -> bool:
        try:
            return has_work(Wanted(self._store, name), self.shelf, self._held(name))
        except OverlayError:  # the process that tries to write says what is wrong
            return True

    def _held(self, name: str) -> list[StoredDocument]:
        if name not in self._published:
            folder = collection_folder(self._store, name)
            self._published[name] = Published(folder, self._settings.embedder)
        return self._published[name].documents()

    def _since(self, name: str) -> int:
        """When a collection was published last; 0 where nothing was."""
        try:
            return (collection_folder(self._store, name) / "CURRENT").stat().st_mtime_ns
        except OSError:
            return 0


def _ingested(document: StoredDocument, since: int) -> Entry:
    """A document that `overlay ingest` put into the collection."""
    try:
        size = Path(document.path).stat().st_size if document.path else 0
    except (OSError, ValueError):
        size = 0
    return Entry(
        document_id(document.source),
        document.source,
        document.source,
        size,
        since,
        done=True,
        chunks=document.chunks,
    )
