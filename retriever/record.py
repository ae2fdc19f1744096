"""What documents a generation holds, in a small file of our own beside Chroma's.

It is written, copied and published with its generation, so it says what the indices hold whenever
a process is killed. It is read without Chroma: quickly, by any thread, where Chroma is broken too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, fields
from pathlib import Path

from retriever.errors import StoreError
from retriever.rows import StoredDocument

__all__ = ["FILE", "DocumentRecord", "recorded"]

FILE = "documents.sqlite3"
_COLUMNS = [field.name for field in fields(StoredDocument)]
_SCHEMA = f"CREATE TABLE documents ({', '.join(_COLUMNS)}, PRIMARY KEY (source))"
_ADD = f"INSERT OR REPLACE INTO documents VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM documents ORDER BY source"  # noqa: S608 - own names


class DocumentRecord:
    """The record of a generation that is being written. Close it.

    Args:
        generation: its folder.
        held: all its documents, for a record that is made anew; not read otherwise.

    Every method raises StoreError when the file is damaged or cannot be written.
    """

    def __init__(self, generation: Path, held: Iterable[StoredDocument]) -> None:
        self._path = generation / FILE
        there = self._path.is_file()
        with _errors(self._path):
            self._connection = sqlite3.connect(self._path, check_same_thread=False)
            # A generation is flushed when it is published, and dropped when that is not reached.
            self._connection.execute("PRAGMA journal_mode = MEMORY")
            self._connection.execute("PRAGMA synchronous = OFF")
            if not there:
                self._connection.execute(_SCHEMA)
                self.add(held)

    def add(self, documents: Iterable[StoredDocument]) -> None:
        """Note documents, each in place of the one of its source."""
        with _errors(self._path), self._connection:
            self._connection.executemany(_ADD, (astuple(one) for one in documents))

    def remove(self, sources: Sequence[str]) -> None:
        """Strike documents out; those not held are passed over."""
        with _errors(self._path), self._connection:
            self._connection.executemany(
                "DELETE FROM documents WHERE source = ?", [(source,) for source in sources]
            )

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def recorded(generation: Path) -> list[StoredDocument] | None:
    """The documents of a published generation, by source; None where it has no record.

    Raises:
        StoreError: the record is damaged.
    """
    path = generation / FILE
    if not path.is_file():
        return None
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with _errors(path), closing(sqlite3.connect(address, uri=True)) as connection:
        return [StoredDocument(*row) for row in connection.execute(_ALL)]


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"the record of documents {path} cannot be used: {error}",
            hint="`overlay doctor --repair` makes it anew",
        ) from error
