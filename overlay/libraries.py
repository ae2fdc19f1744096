"""The collections of one store, each opened when a question first asks for it."""

from __future__ import annotations

from overlay.errors import InputError
from overlay.library import Library
from overlay.settings import Settings
from retriever import collections

__all__ = ["Libraries"]


class Libraries:
    """Opens collections by name and keeps them open. Close it.

    Args:
        settings: name the store, and the collection of a question that names none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Library] = {}

    def get(self, collection: str | None = None) -> Library:
        """The library of a collection, or of the one that the settings name.

        Raises:
            InputError: the store has no collection of that name.
            StoreError: there is nothing in the store of the settings' own collection.
        """
        name = collection or self._settings.collection
        if name not in self._open:
            self._open[name] = self._opened(name)
        return self._open[name]

    def close(self) -> None:
        """Close every store that was opened."""
        for library in self._open.values():
            library.close()
        self._open.clear()

    def _opened(self, name: str) -> Library:
        settings = self._settings
        held = collections(settings.store)
        if name != settings.collection and name not in held:
            raise InputError(
                f"there is no collection {name!r} in {settings.store}",
                hint=f"it holds {', '.join(held)}; `overlay ingest --collection` makes one",
                param="collection",
            )
        library = Library(settings, name)
        library.check()
        return library
