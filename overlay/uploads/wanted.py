"""What one collection is to hold, as clients asked for it: a folder of small records.

    collection.json     the name it was given, and whether it is to go
    attached/KEY.json   a file that it is to hold, by the file's name: one record a name
    failed/KEY.json     why that file cannot be read; counts for the file that it names
    removals/ID.json    a document of `overlay ingest` that is to go

The server writes all but ``failed``, which the background process writes.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from overlay.uploads.disk import (
    read_record,
    records,
    remove_record,
    storage_errors,
    write_record,
)
from overlay.uploads.names import document_id, key_of
from overlay.uploads.shelf import UploadedFile
from retriever.collections import COLLECTION_NAME, collections

__all__ = [
    "Attached",
    "Attributes",
    "Failure",
    "Given",
    "Wanted",
    "known_collections",
    "leftovers",
    "wanted_names",
]

_FOLDER = "uploads"
Attributes = Mapping[str, str | float | bool]


@dataclass(frozen=True, slots=True)
class Given:
    """What a client said of a collection.

    Attributes:
        name: as it was given; the collection's own name is made of it.
        created: in nanoseconds since 1970.
        deleted: whether it is to go.
    """

    name: str
    created: int = field(default_factory=time.time_ns)
    metadata: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a collection is to hold, under its name.

    Attributes:
        created: when it was attached, in nanoseconds since 1970.
    """

    file_id: str
    filename: str
    created: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file is not in the collection: one of OpenAI's codes, and a sentence."""

    file_id: str
    code: str
    message: str


class Wanted:
    """The records of one collection.

    Args:
        store: the store's folder.
        name: the collection's.

    Whatever writes raises StorageError where the disk does not take it.
    """

    def __init__(self, store: Path, name: str) -> None:
        self.name = name
        self.folder = store / _FOLDER / name
        self._given = self.folder / "collection.json"

    @property
    def given(self) -> Given | None:
        """What a client said of it; None where none made it."""
        record = read_record(self._given)
        return None if record is None else Given(**record)

    def give(self, given: Given) -> None:
        """Note what a client says of it."""
        write_record(self._given, asdict(given))

    def attached(self) -> list[Attached]:
        """The files that it is to hold, in no order, each name once."""
        return [Attached(**record) for record in records(self.folder / "attached").values()]

    def attach(self, file: UploadedFile, attributes: Attributes) -> Attached:
        """Let it hold a file, in the place of one of the same name."""
        one = Attached(file.id, file.filename, time.time_ns(), attributes)
        key = key_of(file.filename)
        write_record(self._path("attached", key), asdict(one))
        # A file that could not be read is tried again when it is attached again.
        remove_record(self._path("failed", key))
        return one

    def detach(self, one: Attached) -> None:
        """Let it hold a file no more."""
        key = key_of(one.filename)
        remove_record(self._path("attached", key))
        remove_record(self._path("failed", key))

    def failures(self) -> dict[str, Failure]:
        """Why files cannot be read, by the file's id."""
        found = [Failure(**record) for record in records(self.folder / "failed").values()]
        return {failure.file_id: failure for failure in found}

    def fail(self, one: Attached, code: str, message: str) -> None:
        """Note why a file cannot be read."""
        failure = Failure(one.file_id, code, message)
        write_record(self._path("failed", key_of(one.filename)), asdict(failure))

    def removals(self) -> list[str]:
        """Sources of documents of `overlay ingest` that are to go."""
        return [record["source"] for record in records(self.folder / "removals").values()]

    def ask_removal(self, source: str) -> None:
        """Let a document of `overlay ingest` go."""
        write_record(self._path("removals", document_id(source)), {"source": source})

    def removed(self, source: str) -> None:
        """Strike out a removal that was done."""
        remove_record(self._path("removals", document_id(source)))

    def forget(self) -> None:
        """Remove all records at once: the collection is gone."""
        gone = self.folder.with_name(f".{uuid.uuid4().hex}")
        with storage_errors(self.folder), suppress(FileNotFoundError):
            self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.json"


def known_collections(store: Path) -> list[str]:
    """Collections that hold something or are to, but none that is to go; the default first."""
    gone, there = set(), []
    for name in wanted_names(store):
        wanted = Wanted(store, name)
        given = wanted.given
        if given is not None and given.deleted:
            gone.add(name)
        elif given is not None or wanted.folder.is_dir():
            there.append(name)
    # Read after the records: one that is being removed goes before its record does.
    held = collections(store)
    return [name for name in dict.fromkeys((*held, *there)) if name not in gone]


def wanted_names(store: Path) -> list[str]:
    """Collections of which there are records, sorted."""
    folder = store / _FOLDER
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if re.match(COLLECTION_NAME, name))


def leftovers(store: Path) -> list[Path]:
    """Records that were being written or removed when a process was killed."""
    found = (store / _FOLDER).rglob(".*")
    return [path for path in found if re.fullmatch(r"\.[0-9a-f]{32}", path.name)]
