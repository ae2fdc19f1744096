"""Generations of a store on disk: written aside, then published by one atomic rename.

Chroma saves its vector index by overwriting several files in place, so a process that is killed
meanwhile leaves a store that never opens again (seen with chromadb 1.5.9). A published
generation is therefore not written to. Changes go to a copy, and a killed process leaves the
published generation as it was.

    STORE/CURRENT              the name of the published generation
    STORE/generation-000007/   a Chroma folder, and in it the index of words
    STORE/lock.sqlite3         locked by the process that writes
    STORE/LAST                 of a store that was dropped: the last generation that it had
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from overlay.errors import BusyError
from retriever.errors import StoreError
from retriever.segments import DATABASE, note_sizes

__all__ = ["Generations", "copy_generation", "flush", "generation_folders"]

_NAME = re.compile(r"generation-(\d{6})")


class Generations:
    """The generations in one store folder.

    Args:
        folder: the store's folder; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pointer = folder / "CURRENT"
        self._last = folder / "LAST"

    def current(self) -> Path | None:
        """The published generation, or None when nothing was published yet.

        Raises:
            StoreError: the store is damaged.
        """
        try:
            name = self._pointer.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"cannot read {self._pointer}") from error
        if not _NAME.fullmatch(name) or not (self.folder / name).is_dir():
            raise self._damaged(f"{self._pointer} names no generation: {name[:40]!r}")
        return self.folder / name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the only right to write; the system releases it even when the process is killed.

        Raises:
            BusyError: another process or thread holds it.
            StoreError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.folder / "lock.sqlite3", timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error
        with closing(connection):
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise self._unwritable(error) from error
                raise BusyError(
                    f"another ingest is writing to {self.folder}", hint="wait until it has ended"
                ) from error
            yield

    def fork(self) -> Path:
        """A folder to write the next generation to: a copy of the published one, else empty.

        The caller holds the lock. What a killed process left behind is removed.
        """
        current = self.current()
        self._remove_all_but(current)
        target = self._next(current)
        try:
            if current is None:
                target.mkdir()
            else:
                copy_generation(current, target)
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error
        return target

    def fresh(self) -> Path:
        """An empty folder to write the next generation to, in place of a damaged one.

        The caller holds the lock. Whatever else is there stays until the next one is published.
        """
        try:
            current = self.current()
        except StoreError:
            current = None
        target = self._next(*generation_folders(self.folder)[-1:], current)
        try:
            target.mkdir()
        except OSError as error:
            raise self._unwritable(error) from error
        return target

    def unpublish(self) -> None:
        """Makes a store that cannot be read an empty one; the caller holds the lock."""
        self._pointer.unlink(missing_ok=True)

    def _next(self, *there: Path | None) -> Path:
        """The folder of the generation after some."""
        names = [path.name for path in there if path] or [self._dropped()]
        return self.folder / f"generation-{max(map(_number, names)) + 1:06d}"

    def publish(self, generation: Path) -> None:
        """Makes a generation the current one. The caller has closed every file in it.

        The generation before it is kept, because others may still read from it.
        """
        try:
            previous = self.current()
        except StoreError:  # it is damaged, and replaced now
            previous = None
        try:
            note_sizes(generation)
            for path in [*generation.rglob("*"), generation]:
                flush(path)
        except OSError as error:
            raise self._unwritable(error) from error
        self._write(self._pointer, generation.name)
        self._remove_all_but(generation, previous)

    def drop(self) -> None:
        """Removes what was published; the caller holds the lock.

        The number goes on from there: a reader that has the old generation open must not take a
        new one of the same name for it.
        """
        if (current := self.current()) is not None:
            self._write(self._last, current.name)
            self._pointer.unlink()
        self._remove_all_but()

    def _dropped(self) -> str:
        return self._last.read_text(encoding="utf-8").strip() if self._last.is_file() else ""

    def _remove_all_but(self, *kept: Path | None) -> None:
        for path in self.folder.iterdir():
            if _NAME.fullmatch(path.name) and path not in kept:
                # Where files in use cannot be removed (Windows), a later ingest does it.
                shutil.rmtree(path, ignore_errors=True)

    def _write(self, path: Path, name: str) -> None:
        """Puts a generation's name into a file, at once."""
        draft = path.with_suffix(".new")
        try:
            draft.write_text(f"{name}\n", encoding="utf-8")
            flush(draft)
            draft.replace(path)
            flush(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"the store {self.folder} is damaged: {what}",
            hint="`overlay doctor` says what is damaged, and with --repair mends it",
        )

    def _unwritable(self, error: Exception) -> StoreError:
        return StoreError(
            f"cannot write to the store {self.folder}: {error}",
            hint="check the path, its permissions and the free space",
        )


def generation_folders(folder: Path) -> list[Path]:
    """The generations in a store's folder, published or not, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def copy_generation(source: Path, target: Path) -> None:
    """Copies a published generation, which others may read meanwhile; ``target`` is not there yet.

    The index of words is copied as it is: nobody writes to it once it is published.
    """
    target.mkdir()
    # Chroma writes a row when a reader opens it, so the database is copied in a transaction.
    with (
        closing(sqlite3.connect(source / DATABASE)) as original,
        closing(sqlite3.connect(target / DATABASE)) as copy,
    ):
        original.backup(copy)
    shutil.copytree(  # last, because it takes over the permissions of a read-only folder
        source,
        target,
        ignore=lambda _, names: [name for name in names if DATABASE in name],
        dirs_exist_ok=True,
    )


def _number(name: str) -> int:
    """Of a generation; 0 for no name."""
    return int(name.rpartition("-")[2] or 0)


def flush(path: Path) -> None:
    """Waits until a file or folder is on disk, so that a power cut cannot undo its rename."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder, and keeps the order by itself
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
