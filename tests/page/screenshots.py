"""``python -m tests.page.screenshots FOLDER``: the pictures of docs/page.md, made again.

The sample documents, the packaged model, the real server and Chromium.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

import click

from eval.serving import serving
from eval.tasks.sample import ingest_sample
from overlay.settings import load_settings
from tests.browser import open_browser
from tests.page.reader import Reader

_QUESTION = "For how long is lost property kept?"
_DISPUTED = "When does bus 61 leave?"
_READY_SECONDS = 120.0
_HEIGHTS = {1280: 960, 360: 1500}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Ask, and save what the page shows at two widths, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = open_browser()
    if browser is None:
        sys.exit("no Chromium is installed")
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary)
        ingest_sample(load_settings(store=str(store)))
        with serving(store, ready_seconds=_READY_SECONDS) as at:
            reader = Reader(browser, at.url, seconds=60)
            reader.open()
            _save(reader, folder / "page-first-1280-light.png", 1280, dark=False)
            reader.ask_and_wait(_QUESTION)
            for width in _HEIGHTS:
                for dark in (False, True):
                    name = f"page-{width}-{'dark' if dark else 'light'}.png"
                    _save(reader, folder / name, width, dark=dark)
            reader.open()
            reader.ask_and_wait(_DISPUTED)
            reader.press_named("Compare with the overlay off")
            reader.until(lambda: len(reader.all(".feedback")) == 2)
            _save(reader, folder / "page-compared-1280-light.png", 1280, dark=False)
    browser.quit()


def _save(reader: Reader, file: Path, width: int, *, dark: bool) -> None:
    # On a small screen the documents fold away when the page is opened.
    reader.look(width=width, dark=dark, height=_HEIGHTS[width])
    reader.reload()
    reader.one("button.send:not([disabled])")
    reader.run("scrollTo(0, 0); document.activeElement.blur()")
    shot = reader.browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    file.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
