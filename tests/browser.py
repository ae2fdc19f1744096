"""A real browser, where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_HOW = (
    "needs Chromium and its driver on PATH: `apt-get install chromium chromium-driver`, or any "
    "Chrome with the chromedriver of its version"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """Headless Chromium that keeps what its console says.

    Without one the tests are skipped; REQUIRE_BROWSER=required makes that a failure.
    """
    started = open_browser()
    if started is None:
        if os.environ.get("REQUIRE_BROWSER") == "required":
            pytest.fail(_HOW)
        pytest.skip(_HOW)
    yield started
    started.quit()


def open_browser() -> Chrome | None:
    """Start one; None where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        return None
    options = ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With both paths given, Selenium looks for nothing and downloads nothing.
    started = Chrome(options=options, service=Service(driver))
    started.set_page_load_timeout(30)
    return started
