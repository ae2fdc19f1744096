"""One server for all tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

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
