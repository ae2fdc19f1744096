"""What files of several folders are called in one store, and which of them it holds already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path, PurePosixPath

from retriever.files import File, Listing, printable
from retriever.store import StoredDocument

__all__ = ["adopted", "below", "free_name", "named"]


def adopted(held: Iterable[StoredDocument], listing: Listing) -> frozenset[str]:
    """Sources of a store of before, which kept no paths, that are taken to be of this folder.

    All of them, if the folder has at least half of them under the same names: they were ingested
    from it. None otherwise.
    """
    pathless = {document.source for document in held if not document.path}
    here = {file.source for file in listing.files}
    return frozenset(pathless) if 2 * len(pathless & here) >= len(pathless) else frozenset()


def named(listing: Listing, held: Mapping[str, StoredDocument]) -> list[tuple[str, File]]:
    """A source for each file: the one that the store has for its path, or one that is free.

    The first folder's files go by their path in it. Those of another folder begin with its name.

    Args:
        held: the store's documents by source; those that are adopted have their path.
    """
    known = {document.path: source for source, document in held.items() if document.path}
    taken = set(held)
    label = _label(listing.root, held.values())
    found = []
    for file in listing.files:
        source = known.get(printable(file.path))
        if source is None:
            source = free_name(str(PurePosixPath(label, file.source)), taken)
            taken.add(source)
        found.append((source, file))
    return found


def below(documents: Iterable[StoredDocument], folder: Path) -> list[StoredDocument]:
    """Those whose file stands in a folder, or is that file."""
    root = PurePosixPath(printable(folder.absolute().as_posix()))
    return [
        document
        for document in documents
        if document.path and PurePosixPath(document.path).is_relative_to(root)
    ]


def _label(root: Path, held: Iterable[StoredDocument]) -> str:
    """What the sources of a folder begin with: nothing for the first one."""
    roots: dict[str, str] = {}
    for document in held:
        if document.root:
            relative = PurePosixPath(document.path).relative_to(document.root)
            roots[document.root] = document.source.removesuffix(str(relative)).strip("/")
        else:
            roots.setdefault("", "")
    own = printable(root)
    # A folder inside one that is held goes on with the names that the outer one gives.
    for outer in sorted(roots, key=len, reverse=True):
        if outer and PurePosixPath(own).is_relative_to(outer):
            return str(PurePosixPath(roots[outer], PurePosixPath(own).relative_to(outer)))
    if not roots:
        return ""
    return free_name(printable(root.name) or "root", set(roots.values()))


def free_name(name: str, taken: Sequence[str] | set[str]) -> str:
    """The name, or the first of ``name (2)``, ``name (3)`` that is free."""
    if name not in taken:
        return name
    path = PurePosixPath(name)
    others = (str(path.with_name(f"{path.stem} ({n}){path.suffix}")) for n in count(2))
    return next(other for other in others if other not in taken)
