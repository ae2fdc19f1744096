"""The page for a keyboard, a screen reader, a small window; and its files."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from server import page
from tests.page.reader import Reader

STATIC = Path(page.__file__).parent / "static"
MODULES = sorted(path.name for path in STATIC.glob("*.js"))
OWN_POLICY = {"default-src 'self'", "base-uri 'none'", "form-action 'none'"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(reader: Reader, width: int, dark: bool) -> None:
    reader.open(width=width, dark=dark)
    reader.one(".welcome")
    assert reader.findings() == []
    reader.ask_and_wait()
    reader.press_named("The same as a table")
    reader.press_named("Token heat map")
    reader.one(".heat")
    reader.press(".mark:nth-of-type(5)")
    reader.press("[aria-label='Good answer']")
    reader.press_named("Compare with the overlay off")
    reader.until(lambda: len(reader.all(".feedback")) == 2)
    reader.ask("refuse")
    reader.one(".state.bad")
    assert reader.findings() == []
    # Nothing is wider than the window.
    assert reader.run("return document.documentElement.scrollWidth") == width


def test_the_keyboard_reaches_every_act(reader: Reader) -> None:
    reader.ask_and_wait()
    reader.run("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    names = []
    for _ in range(60):
        ActionChains(reader.browser).send_keys(Keys.TAB).perform()
        names.append(
            reader.run(
                "const e = document.activeElement;"
                "return e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent"
            )
        )
    for act in ("Go to the question", "Step 3, archive/old.md", "A step may spend", "Good answer"):
        assert any(act in name for name in names), act
    # What is reached is not hidden behind the bars at both ends.
    assert reader.run(
        "const e = document.querySelector('.thumb'); e.focus();"
        "const r = e.getBoundingClientRect();"
        "return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2).closest('.thumb')"
        " === e"
    )


def test_all_modules_parse(modules: Reader) -> None:
    for name in MODULES:
        assert modules.module(name, "typeof m") == "object", name


def test_events_are_cut_as_the_standard_says(modules: Reader) -> None:
    pieces = '["data: a\\r", "\\n\\r\\n: ping\\n\\nda", "ta:b\\ndata: c\\n\\ndata: rest"]'
    found = modules.module(
        "sse.js", f"((c) => {pieces}.flatMap((one) => c.push(one)))(new m.EventCutter())"
    )
    assert found == ["a", "b\nc"]


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (0.0, "About 1 of 100 such answers is wrong."),
        (0.06, "About 1 of 15 such answers is wrong."),
        (0.25, "About 1 of 4 such answers is wrong."),
        (0.41, "About 2 of 5 such answers are wrong."),
        (0.52, "About 1 of 2 such answers is wrong."),
        (0.9, "About 9 of 10 such answers are wrong."),
        (1.0, "About 99 of 100 such answers are wrong."),
    ],
)
def test_the_index_in_plain_words(modules: Reader, index: float, says: str) -> None:
    assert modules.module("words.js", f"m.oddsSentence({index})") == says


def test_the_picture_keeps_its_marks_inside(modules: Reader) -> None:
    step = "{volatility: 0.9, spent: 0.9, accepted: true}"
    plan = modules.module(
        "geometry.js", f"m.layout(Array(9).fill({step}), {{step: 1, answer: 50}}, 300)"
    )
    # More steps than fit make it wider; a budget far above says so and squeezes nothing.
    assert plan["width"] > 300
    assert plan["answerLine"]["above"]
    for mark in plan["marks"]:
        assert 0 < mark["y"] < plan["floor"]
        assert 0 < mark["sumY"] < plan["floor"]
        assert plan["left"] <= mark["left"] < mark["right"] <= plan["right"] + 0.01
    assert [round(mark["sum"], 1) for mark in plan["marks"]][-1] == 8.1


def test_an_answer_is_cut_at_its_sentences(modules: Reader) -> None:
    answer, sentences = "A😀. A😀.\\n\\nB, c", ("A😀.", "A😀.", "none", "B")
    given = ", ".join(f"{{text: '{one}'}}" for one in sentences)
    parts = modules.module("texts.js", f"m.bySentence('{answer}', [{given}])")
    assert [part["text"] for part in parts if part["sentence"]] == ["A😀.", "A😀.", "B"]
    assert "".join(part["text"] for part in parts) == answer.replace("\\n", "\n")


def test_broken_lines_are_joined_and_tables_are_not(modules: Reader) -> None:
    long = "word " * 13
    joined = modules.module("texts.js", f"m.reflowed('{long}\\nmore\\n\\n{long}\\n- item')")
    assert joined == f"{long} more\n\n{long}\n- item"


def test_the_files_have_types_a_policy_and_an_etag(served_page: tuple[object, str]) -> None:
    with httpx.Client(base_url=served_page[1]) as client:
        index = client.get("/")
        assert index.headers["content-type"] == "text/html; charset=utf-8"
        policy = set(index.headers["content-security-policy"].split("; "))
        assert policy >= OWN_POLICY
        assert not any("unsafe" in rule or "http" in rule for rule in policy)
        assert client.head("/").status_code == 200
        script = client.get("/page/words.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["cache-control"] == "no-cache"
        assert script.headers["x-content-type-options"] == "nosniff"
        known = {"If-None-Match": script.headers["etag"]}
        assert client.get("/page/words.js", headers=known).status_code == 304
        for path in ("/page/none.js", "/page/..%2f__init__.py", "/page/%2e%2e/__init__.py"):
            assert client.get(path).status_code == 404
        assert client.post("/page/words.js").status_code == 405
