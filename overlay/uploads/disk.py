"""Small records on disk, each a JSON file of its own that is there whole or not at all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from overlay.uploads.errors import StorageError
from retriever.generations import flush

__all__ = ["read_record", "records", "remove_record", "storage_errors", "write_record"]

_SUFFIX = ".json"


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns what a disk refuses into a StorageError that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write to {path}: {error.strerror or error}",
            hint="check the free space and the permissions; what was there before is untouched",
        ) from error


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Put a record in place, or in the place of the one that is there, by one rename.

    Raises:
        StorageError: it cannot be written; what was there still is.
    """
    draft = path.with_name(f".{uuid.uuid4().hex}")
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(record), encoding="utf-8")
            flush(draft)
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        flush(path.parent)


def read_record(path: Path) -> dict[str, Any] | None:
    """A record; None where there is none.

    Raises:
        StorageError: it is damaged, or cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StorageError(
            f"the record {path} cannot be read: {error}", hint="remove it, and upload its file anew"
        ) from error
    return found


def remove_record(path: Path) -> None:
    """Strike a record out, if it is there.

    Raises:
        StorageError: it cannot be removed.
    """
    with storage_errors(path.parent):
        if path.exists():
            path.unlink()
            flush(path.parent)


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """All records of a folder by the name of their file, without its suffix."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = {path.stem: read_record(path) for path in paths if not path.name.startswith(".")}
    return {name: record for name, record in found.items() if record is not None}
