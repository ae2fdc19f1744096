"""One server and one browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.page.backend import Backend, running
from tests.page.reader import Reader


@pytest.fixture(scope="session")
def served_page() -> Iterator[tuple[Backend, str]]:
    backend = Backend()
    with running(backend) as url:
        yield backend, url


@pytest.fixture
def backend(served_page: tuple[Backend, str]) -> Iterator[Backend]:
    backend, _ = served_page
    backend.reset()
    yield backend
    backend.release.set()  # an answer that a test left waiting


@pytest.fixture
def reader(browser: Chrome, served_page: tuple[Backend, str], backend: Backend) -> Iterator[Reader]:
    reader = Reader(browser, served_page[1])
    reader.complaints()  # forget what an earlier page said
    reader.open()
    yield reader
    # Every test: no script was refused, no error was thrown, nothing came from elsewhere.
    bad = [one for one in reader.complaints() if "Failed to load resource" not in one]
    assert not bad


@pytest.fixture
def modules(browser: Chrome, served_page: tuple[Backend, str]) -> Reader:
    """For modules alone: whatever the page shows, they are imported beside it."""
    reader = Reader(browser, served_page[1])
    if not browser.current_url.startswith(reader.url):
        reader.reload()
    return reader
