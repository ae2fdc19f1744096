"""Names that clients give, made such that they can be kept and shown."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Container
from itertools import count
from pathlib import PurePosixPath

from overlay.errors import InputError
from retriever.files import printable

__all__ = ["base_name", "document_id", "key_of", "slug"]

_LONGEST = 200  # bytes of a name; its suffix, which tells the kind, stays
_LONGEST_SLUG = 50


def base_name(given: str | None) -> str:
    """The last part of a file's name, as it is shown: no path leads anywhere from it.

    Files are not kept under it, so nothing but its looks depends on it.

    Raises:
        InputError: nothing is left of it.
    """
    last = re.split(r"[/\\]", given or "")[-1].strip()
    name = printable(unicodedata.normalize("NFC", last).encode("utf-8", "replace").decode())
    if not name.strip("."):
        raise InputError(
            f"the file's name is {(given or '')[:80]!r}",
            hint="give it one, such as notes.md: its suffix tells what kind of file it is",
            param="file",
        )
    if len(name.encode()) <= _LONGEST:
        return name
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _LONGEST // 2:
        suffix = ""
    room = _LONGEST - len(suffix.encode())
    return name.encode()[:room].decode("utf-8", "ignore") + suffix


def slug(name: str | None, taken: Container[str]) -> str:
    """A free collection name made of any name: ``Support FAQ`` is ``support-faq``.

    Args:
        name: None for none in particular.
        taken: names that are not free.
    """
    plain = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:_LONGEST_SLUG].strip("-_")
    made = made or f"store-{uuid.uuid4().hex[:8]}"
    if made not in taken:
        return made
    return next(one for n in count(2) if (one := f"{made}-{n}") not in taken)


def key_of(name: str) -> str:
    """What the record of a name is called on disk."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def document_id(source: str) -> str:
    """The id of a document that `overlay ingest` put into a collection."""
    return f"doc-{key_of(source)[:24]}"
