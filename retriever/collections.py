"""Named collections of one store: each a store of its own, in a folder of its own."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = [
    "COLLECTION_NAME",
    "DEFAULT_COLLECTION",
    "collection_folder",
    "collections",
    "embedder_of",
    "forget_embedder",
    "keep_embedder",
]

DEFAULT_COLLECTION = "default"
COLLECTION_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""What a name looks like: safe as the name of a folder anywhere."""

_FOLDER = "collections"
_EMBEDDER = "embedder.txt"


def collection_folder(store: Path, name: str) -> Path:
    """Where a collection lies; the default one where stores lay before there were others."""
    return store if name == DEFAULT_COLLECTION else store / _FOLDER / name


def collections(store: Path) -> list[str]:
    """Names of those in which something was published, sorted, the default one first."""
    inner = store / _FOLDER
    names = [path.name for path in inner.iterdir()] if inner.is_dir() else []
    known = sorted(name for name in names if re.match(COLLECTION_NAME, name))
    return [
        name
        for name in (DEFAULT_COLLECTION, *known)
        if (collection_folder(store, name) / "CURRENT").exists()
    ]


def embedder_of(folder: Path) -> str | None:
    """The embedder that the collection in a folder was made with, as its setting named it.

    None where nothing was ingested yet, or an earlier version ingested it.
    """
    kept = folder / _EMBEDDER
    return kept.read_text(encoding="utf-8").strip() if kept.is_file() else None


def forget_embedder(folder: Path) -> None:
    """Of a collection that is gone: one of its name may be made with another."""
    (folder / _EMBEDDER).unlink(missing_ok=True)


def keep_embedder(folder: Path, embedder: str) -> None:
    """Note what embedder a collection is made with, for whoever opens it later."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _EMBEDDER).write_text(f"{embedder}\n", encoding="utf-8")
