"""The page with the real server around a made-up engine."""

from __future__ import annotations

import json
from pathlib import Path

from selenium.webdriver import Chrome

from tests.page.reader import Reader
from tests.server.fakes import FakeEngine, serving, wait_until_ready


def test_the_page_and_the_server_speak_the_same(browser: Chrome, tmp_path: Path) -> None:
    engine = FakeEngine()
    with serving(lambda: engine, store=tmp_path) as url:
        wait_until_ready(url)
        reader = Reader(browser, url)
        reader.open()
        reader.reads(".model", "tiny/fake-model")
        reader.ask("hello")
        reader.reads(".text", "Grüße, Welt")
        reader.reads(".rests", "Answered without any passage")
        assert reader.texts(".words .word") == ["rejected"]
        reader.press("[aria-label='Good answer']")
        reader.reads(".feedback", "Kept with the answer's report.")
        [line] = (tmp_path / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(line)["rating"] == "up"
        reader.ask("fail late")
        assert "the prompt has 65 tokens" in reader.text(".state.bad")
