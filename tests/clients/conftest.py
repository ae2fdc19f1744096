"""One running server for all clients: the packaged model, and a small store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import httpx
import pytest

from eval.tasks.sample import DOCUMENTS
from overlay.libraries import Libraries
from overlay.loading import open_kv_store
from overlay.runtime import Overlay, open_overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from server.documents import Documents
from tests.integration.command import overlay_here
from tests.server.fakes import serving

QUESTION = "At what time does the ferry leave?"
ANSWER = "06:40"

_FERRY = {
    "ferry.md": "The ferry leaves at 06:40 every morning.\n",
    "soup.md": "Soup is served from noon. The bread is from Vardle.\n",
}


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a store that holds the ferry, and the sample's lost property, injected and not."""
    root = tmp_path_factory.mktemp("clients")
    documents = root / "documents"
    documents.mkdir()
    for name, text in _FERRY.items():
        (documents / name).write_text(text)
    for name in ("handbook/lost-property.md", "notices/lost-property-shelf.md"):
        shutil.copy(DOCUMENTS / name, documents)
    store = root / "store"
    done = overlay_here("ingest", "documents", cwd=root, env={"OVERLAY_STORE": str(store)})
    assert done.returncode == 0, done.stderr
    return Settings(store=store, k=1, variants=1, max_tokens=16, context_size=2048)


@pytest.fixture(scope="session")
def served(settings: Settings) -> Iterator[str]:
    """The address of the running server."""
    with serving(
        lambda: open_overlay(settings, eager=True), queue_size=8, documents=Documents(settings)
    ) as url:
        deadline = time.monotonic() + 120
        with httpx.Client(base_url=url) as client:
            while client.get("/health").status_code != 200:
                assert time.monotonic() < deadline, "the server did not become ready"
                time.sleep(0.1)
        yield url


@pytest.fixture(scope="session")
def opened(settings: Settings, model: LlamaCppModel) -> Iterator[Overlay]:
    """An overlay in this process, on the model that other tests use."""
    libraries = Libraries(settings)
    kept = open_kv_store(settings)
    yield Overlay(model, None, settings, libraries, kept=kept)
    libraries.close()
    if kept is not None:
        kept.close()
