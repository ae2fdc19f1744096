"""Uploaded files on disk, each in a folder of its own that is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from overlay.uploads.disk import read_record, storage_errors, write_record
from overlay.uploads.errors import UnknownIdError
from overlay.uploads.names import base_name
from retriever.generations import flush

__all__ = ["Shelf", "UploadedFile"]

_ID = re.compile(r"file-[0-9a-f]{24}")
_DRAFT = re.compile(r"new-(\d+)-[0-9a-f]+")
_GONE = "gone-"
_CONTENT = "content"
_KNOWN = "file.json"
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """What is known of an uploaded file; it never changes.

    Attributes:
        filename: its base name, see :func:`overlay.uploads.names.base_name`.
        bytes: its size.
        created: when it was uploaded, in nanoseconds since 1970.
        purpose: what the client said it is for.
        sha256: hash of its bytes.
    """

    id: str
    filename: str
    bytes: int
    created: int
    purpose: str
    sha256: str


class Shelf:
    """The uploaded files of a store.

    Args:
        store: the store's folder; it need not be there yet.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / "files"
        self._known: dict[str, UploadedFile] = {}

    def add(self, content: BinaryIO, filename: str | None, purpose: str) -> UploadedFile:
        """Keep a file. When this returns it is on disk, and outlives a power cut.

        Raises:
            InputError: it has no name.
            StorageError: the disk does not take it.
        """
        name = base_name(filename)
        draft = self._folder / f"new-{os.getpid()}-{uuid.uuid4().hex}"
        identity = f"file-{uuid.uuid4().hex[:24]}"
        with storage_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                draft.mkdir()
                size, sha256 = _copy(content, draft / _CONTENT)
                file = UploadedFile(identity, name, size, time.time_ns(), purpose, sha256)
                write_record(draft / _KNOWN, asdict(file))
                draft.rename(self._folder / identity)
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
            flush(self._folder)
        return file

    def get(self, identity: str) -> UploadedFile:
        """What is known of a file.

        Raises:
            UnknownIdError: there is no such file.
        """
        if _ID.fullmatch(identity):
            path = self._folder / identity / _KNOWN
            if identity in self._known and path.exists():
                return self._known[identity]
            if (record := read_record(path)) is not None:
                return self._known.setdefault(identity, UploadedFile(**record))
        raise UnknownIdError(
            f"there is no file {identity[:80]!r}",
            hint="GET /v1/files lists those that there are",
            param="file_id",
        )

    def path(self, file: UploadedFile) -> Path:
        """Where a file's bytes are, unless it was removed."""
        return self._folder / file.id / _CONTENT

    def all(self) -> list[UploadedFile]:
        """Every file, in no order."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return [file for name in names if _ID.fullmatch(name) for file in self._there(name)]

    def remove(self, identity: str) -> None:
        """Remove a file.

        Raises:
            UnknownIdError: there is no such file.
            StorageError: it cannot be removed.
        """
        self.get(identity)
        gone = self._folder / f"{_GONE}{uuid.uuid4().hex}"
        with storage_errors(self._folder):
            (self._folder / identity).rename(gone)
            flush(self._folder)
        self._known.pop(identity, None)
        shutil.rmtree(gone, ignore_errors=True)

    def leftovers(self) -> list[Path]:
        """What uploads and removals of processes that were killed have left here."""
        return [path for path in self._folder.glob("*") if _is_left(path.name)]

    def clear(self) -> None:
        """Remove what killed processes left, those of this process's number too.

        Called before this one takes its first upload: in a container each has the same number.
        """
        own = self._folder.glob(f"new-{os.getpid()}-*")
        for path in [*self.leftovers(), *own]:
            shutil.rmtree(path, ignore_errors=True)

    def _there(self, identity: str) -> Iterator[UploadedFile]:
        """The file, unless it was removed meanwhile."""
        try:
            yield self.get(identity)
        except UnknownIdError:
            return


def _copy(content: BinaryIO, target: Path) -> tuple[int, str]:
    """Copy a file to the disk; its size and hash."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while piece := content.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _is_left(name: str) -> bool:
    if name.startswith(_GONE):
        return True
    found = _DRAFT.fullmatch(name)
    return found is not None and not psutil.pid_exists(int(found[1]))
