"""Named collections of one store: each a store of its own, in a folder of its own."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["COLLECTION_NAME", "DEFAULT_COLLECTION", "collection_folder", "collections"]

DEFAULT_COLLECTION = "default"
COLLECTION_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""What a name looks like: safe as the name of a folder anywhere."""

_FOLDER = "collections"


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
