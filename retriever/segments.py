"""How long the files of Chroma's index of vectors are.

Chroma does not check them: one that is cut short ends the whole process that reads it (chromadb
1.5.9, a segmentation fault in ``get``). A published generation is not written to, so what it had
when it was published is noted, and looked at before it is opened.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from retriever.errors import StoreError

__all__ = ["DATABASE", "check_sizes", "note_sizes", "without_vectors"]

DATABASE = "chroma.sqlite3"
_FILE = "segments.json"


def note_sizes(generation: Path) -> None:
    """Note the sizes of a generation that is about to be published, all its files closed."""
    (generation / _FILE).write_text(json.dumps(_sizes(generation)), encoding="utf-8")


def check_sizes(generation: Path) -> None:
    """Raise StoreError where a file is not as long as it was; one without a note passes."""
    try:
        noted: dict[str, int] = json.loads((generation / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:  # an earlier version published it, or it is being written
        return
    except (OSError, ValueError):
        noted = {}
    held = _sizes(generation)
    wrong = [name for name in sorted({*noted, *held}) if noted.get(name) != held.get(name)]
    if wrong:
        name = wrong[0]
        raise StoreError(
            f"the store {generation} cannot be used: its index of vectors has "
            f"{held.get(name, 0)} of {noted.get(name, 0)} bytes in {name}",
            hint="`overlay doctor --repair` makes the index anew",
        )


@contextmanager
def without_vectors(generation: Path) -> Iterator[Path]:
    """A copy of Chroma's database alone: texts and metadata can be read where vectors cannot.

    Raises:
        StoreError: the database cannot be read either.
    """
    with TemporaryDirectory(prefix="overlay-store-") as scratch:
        copy = Path(scratch) / generation.name
        copy.mkdir()
        try:
            with (
                closing(sqlite3.connect(generation / DATABASE)) as original,
                closing(sqlite3.connect(copy / DATABASE)) as target,
            ):
                original.backup(target)
        except sqlite3.Error as error:
            raise StoreError(
                f"the store {generation} cannot be used: {error}",
                hint="`overlay doctor --repair` reads its documents again",
            ) from error
        yield copy


def _sizes(generation: Path) -> dict[str, int]:
    """Of the files in a generation's folders, which are Chroma's, by their path in it."""
    return {
        path.relative_to(generation).as_posix(): path.stat().st_size
        for path in generation.glob("*/*")
        if path.is_file()
    }
