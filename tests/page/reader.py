"""What a reader does with the page, through a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

__all__ = ["Reader"]

_AXE = Path(__file__).parent / "axe" / "axe.min.js"


class Reader:
    """A browser at the page of one server, patient for so many seconds."""

    def __init__(self, browser: Chrome, url: str, *, seconds: float = 10) -> None:
        self.browser, self.url, self._seconds = browser, url, seconds

    def open(self, *, width: int = 1280, dark: bool = False) -> None:
        """Come to the page for the first time."""
        self.look(width=width, dark=dark)
        # The page itself saves its chat when it is left.
        self.browser.get(f"{self.url}/page/icon.svg")
        self.run("sessionStorage.clear()")
        self.reload()

    def look(self, *, width: int, dark: bool = False, height: int = 900) -> None:
        """Have a window of this width, and prefer dark or light."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def reload(self) -> None:
        """Load the page again."""
        self.browser.get(self.url)

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Wait until this is true; returns it."""
        wait = WebDriverWait(self.browser, self._seconds, poll_frequency=0.03)
        return wait.until(lambda _: condition(), what)

    def all(self, where: str) -> list[WebElement]:
        """All elements there are now."""
        return self.browser.find_elements(By.CSS_SELECTOR, where)

    def one(self, where: str) -> WebElement:
        """The first element, once it is there."""
        return self.until(lambda: self.all(where), f"there is no {where}")[0]  # type: ignore[no-any-return]

    def texts(self, where: str) -> list[str]:
        """The texts of all elements there are, shown or not."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
        found: list[str] = self.run(script, where)
        return [" ".join(text.split()) for text in found]

    def text(self, where: str) -> str:
        """The text of the first, once it is there."""
        self.one(where)
        return self.texts(where)[0]

    def reads(self, where: str, words: str) -> None:
        """Wait until an element there has these words."""
        self.until(lambda: any(words in text for text in self.texts(where)), f"{where}: {words}")

    def press(self, where: str) -> None:
        """Press an element, scrolled into view."""
        element = self.one(where)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press_named(self, words: str) -> None:
        """Press the button or summary that says this."""
        script = (
            "return [...document.querySelectorAll('button:not([disabled]), summary')].find("
            "e => e.textContent.includes(arguments[0]) || e.ariaLabel === arguments[0]) ?? null"
        )
        button = self.until(lambda: self.run(script, words), f"no button says {words}")
        self.run("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def ask(self, question: str) -> None:
        """Write a question and press Enter."""
        self.one("button.send:not([disabled])")
        self.one("#question").send_keys(question, Keys.ENTER)

    def ask_and_wait(self, question: str = "For how long is lost property kept?") -> None:
        """Ask, until answer and probe are there."""
        before = len(self.all(".support"))
        self.ask(question)
        self.until(lambda: len(self.all(".support")) > before, "no answer was probed")

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page; returns what it returns."""
        return self.browser.execute_script(script, *arguments)

    def module(self, name: str, expression: str) -> Any:
        """The value of an expression of a module ``m`` of the page."""
        script = (
            "const done = arguments[arguments.length - 1];"
            f"import('/page/{name}').then((m) => done({expression}))"
        )
        return self.browser.execute_async_script(script)

    def findings(self) -> list[str]:
        """What axe finds wrong with the page as it is now."""
        self.run(_AXE.read_text(encoding="utf-8"))
        result = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run({resultTypes: ['violations']}).then(done, (e) => done({failed: String(e)}))"
        )
        assert "failed" not in result, result
        return [
            f"{found['id']}: {node['html'][:200]} {node['failureSummary']}"
            for found in result["violations"]
            for node in found["nodes"]
        ]

    def complaints(self) -> list[str]:
        """What the browser's console said since this was asked."""
        said: list[dict[str, Any]] = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [one["message"] for one in said]
