"""Whether the files of Chroma's index of vectors are as long as they say.

Chroma does not check it: one that is cut short ends the whole process that reads it (chromadb
1.5.9, a segmentation fault in ``get``). So it is looked at before Chroma opens it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from retriever.errors import StoreError

__all__ = ["DATABASE", "check_vectors", "without_vectors"]

DATABASE = "chroma.sqlite3"
_HEADER, _VECTORS = "header.bin", "data_level0.bin"
_SAVED = "index_metadata.pickle"  # beside the files of an index that Chroma has saved
# hnswlib's header: a version, then where the links begin, the room, the elements, their size.
_FIELDS = struct.Struct("<iQQQQ")
_LARGEST = 2**24  # bytes of an element; a header that says more is of another layout


def check_vectors(generation: Path) -> None:
    """Raise StoreError where the vectors of a generation are cut short.

    The files of an index that was never saved (fewer chunks than Chroma's ``sync_threshold``) may
    have any length: Chroma does not read them, every reader writes them anew, and a copy made
    meanwhile is cut short.
    """
    for header in generation.glob(f"*/{_HEADER}"):
        if (header.parent / _SAVED).exists() and (lack := _lack(header)):
            raise StoreError(
                f"the store {generation} cannot be used: its index of vectors is cut short: {lack}",
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


def _lack(header: Path) -> str:
    """How the vectors beside a header are shorter than it says; empty where they are not."""
    try:
        said = header.read_bytes()
        held = (header.parent / _VECTORS).stat().st_size
    except OSError as error:
        return f"{error.strerror}: {error.filename}"
    if len(said) < _FIELDS.size:
        return f"{_HEADER} has {len(said)} bytes"
    _, _, _, elements, size = _FIELDS.unpack_from(said)
    if size > _LARGEST or held >= elements * size:
        return ""
    return f"{_VECTORS} has {held} of {elements * size} bytes"
