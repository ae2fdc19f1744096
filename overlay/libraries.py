"""The collections of one store, each opened when a question first asks for it."""

from __future__ import annotations

from overlay.errors import InputError
from overlay.library import Library
from overlay.settings import Settings
from overlay.uploads.wanted import known_collections

__all__ = ["Libraries"]


class Libraries:
    """Opens collections by name and keeps them open. Close it.

    Args:
        settings: name the store, and the collection of a question that names none.
        may_be_empty: whether a collection without documents is opened too: some may come.
    """

    def __init__(self, settings: Settings, *, may_be_empty: bool = False) -> None:
        self._settings = settings
        self._may_be_empty = may_be_empty
        self._open: dict[str, Library] = {}

    def get(self, collection: str | None = None) -> Library:
        """The library of a collection, or of the one that the settings name.

        Raises:
            InputError: the store has no collection of that name.
            StoreError: there is nothing in the store of the settings' own collection.
        """
        name = collection or self._settings.collection
        if not self._may_be_empty and name in self._open:
            return self._open[name]
        self._check(name)
        library = self._open.get(name)
        if library is not None and library.embedder_name != library.embedder_now:
            self._open.pop(name).close()
            library = None
        if library is None:
            library = Library(self._settings, name)
            if not self._may_be_empty:
                library.check()
            self._open[name] = library
        return library

    def close(self) -> None:
        """Close every store that was opened."""
        for library in self._open.values():
            library.close()
        self._open.clear()

    def _check(self, name: str) -> None:
        """Raise InputError unless the store has such a collection, or is to have it."""
        settings = self._settings
        held = known_collections(settings.store)
        if name != settings.collection and name not in held:
            raise InputError(
                f"there is no collection {name!r} in {settings.store}",
                hint=f"it holds {', '.join(held)}; `overlay ingest --collection` makes one",
                param="collection",
            )
