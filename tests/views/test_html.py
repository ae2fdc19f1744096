"""The page, as a browser shows it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from overlay.views.html import render_html
from overlay.views.notebook import ProbeView
from overlay.views.numbers import number
from overlay.views.values import CHUNK_VALUES, LEGEND
from probes.report import ProbeReport
from tests.views.sample import bare, many, sample

REPORTS = {"full": sample, "bare": bare, "many": many}


def show(browser: Chrome, report: ProbeReport, folder: Path, width: int = 1280) -> None:
    page = folder / "report.html"
    page.write_text(render_html(report), encoding="utf-8")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    console(browser)  # forget what an earlier page said
    browser.get(page.as_uri())


def console(browser: Chrome) -> list[dict[str, Any]]:
    """What was said since the last call."""
    said: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium has no types here
    return said


def cells(browser: Chrome, where: str) -> list[list[str]]:
    """The numbers of a table's body, by row."""
    rows = browser.find_elements(By.CSS_SELECTOR, f"{where} tbody tr")
    return [[c.text for c in row.find_elements(By.TAG_NAME, "td")] for row in rows]


@pytest.mark.parametrize("name", REPORTS)
def test_it_shows_everything(browser: Chrome, name: str, tmp_path: Path) -> None:
    report = REPORTS[name]()
    show(browser, report, tmp_path)
    assert browser.title.startswith("Probe report")
    assert browser.find_element(By.TAG_NAME, "h1").text == report.question
    headings = [h.text for h in browser.find_elements(By.CSS_SELECTOR, "main h2")]
    assert headings == [
        "Volatility map",
        "Readings",
        "Chunks, sentences, tokens",
        "Support matrix",
        "Trajectory",
        "Variants",
        "Unavailable",
        "Cost",
        "Legend",
    ]
    tokens = browser.find_elements(By.CSS_SELECTOR, ".tokens .t")
    assert len(tokens) == sum(len(chunk.tokens) for chunk in report.chunks)
    heat = cells(browser, "#volatility .heat")
    assert len(heat) == len(report.layers)
    assert all(len(row) == len(report.chunks) for row in heat)
    assert cells(browser, "#readings") == [
        [number(value.of(chunk)) for chunk in report.chunks] for value in CHUNK_VALUES
    ]
    assert cells(browser, "#support") == [
        [number(one) for one in row] for row in report.support_matrix
    ]
    circles = browser.find_elements(By.CSS_SELECTOR, "#trajectory circle")
    assert len(circles) == 4 * len(report.trajectory)
    legend = browser.find_element(By.ID, "legend").text
    for _, values in LEGEND:
        for value in values:
            assert value.heading in legend
    assert console(browser) == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_volatility_map_shows_the_numbers(browser: Chrome, tmp_path: Path) -> None:
    report = sample()
    show(browser, report, tmp_path)
    columns = [chunk.reading.hidden_standardised or () for chunk in report.chunks]
    assert cells(browser, "#volatility .heat") == [
        [number(one) for one in row] for row in zip(*columns, strict=True)
    ]


def test_markup_in_a_chunk_is_text(browser: Chrome, tmp_path: Path) -> None:
    show(browser, sample(), tmp_path)
    assert browser.find_elements(By.TAG_NAME, "script") == []
    shown = browser.find_element(By.CSS_SELECTOR, "article:nth-of-type(2) .tokens")
    assert "<script>alert(1)</script> & [bold]not markup[/bold]" in shown.text
    assert "🏔️ 小屋" in shown.text


def test_the_switch_changes_the_colours(browser: Chrome, tmp_path: Path) -> None:
    show(browser, sample(), tmp_path)
    tokens = browser.find_elements(By.CSS_SELECTOR, ".tokens .t")

    def colours() -> list[str]:
        return [token.value_of_css_property("background-color") for token in tokens[:12]]

    seen = [colours()]
    for name in ("gradient_input", "integrated_gradients", "token_removal", "mutation"):
        browser.find_element(By.CSS_SELECTOR, f"label[for=by-{name}]").click()
        assert browser.find_element(By.ID, f"by-{name}").is_selected()
        seen.append(colours())
    assert len({tuple(one) for one in seen}) == len(seen)
    assert seen[-1].count("rgba(0, 0, 0, 0)") == 11, "only one token was replaced"
    assert "mutation to 'twelve': 0.471" in str(tokens[3].get_attribute("title"))
    assert "TokenGrad: 2.38" in str(tokens[3].get_attribute("title"))


def test_what_is_missing_cannot_be_chosen(browser: Chrome, tmp_path: Path) -> None:
    show(browser, bare(), tmp_path)
    assert not browser.find_element(By.ID, "by-token_grad").is_enabled()
    assert browser.find_element(By.ID, "by-token_removal").is_selected()
    assert "shows no hidden states" in browser.find_element(By.ID, "volatility").text
    missing = browser.find_element(By.ID, "unavailable").text
    assert "gradient_input, influence_gradient" in missing
    assert "computes no gradients: use the transformers backend" in missing


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_sticks_out(browser: Chrome, name: str, width: int, tmp_path: Path) -> None:
    show(browser, REPORTS[name](), tmp_path, width)
    inside, shown, window = browser.execute_script(
        "const page = document.documentElement;"
        "return [page.scrollWidth, page.clientWidth, window.innerWidth]"
    )
    assert window == width
    assert inside == shown
    assert browser.save_screenshot(str(tmp_path / "page.png"))


def test_the_page_asks_for_nothing() -> None:
    page = render_html(sample())
    for word in ("http:", "https:", "//", "@import", "url(", "src=", "<script"):
        assert word not in page, word
    assert '<html lang="en">' in page


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    found: dict[str, str | None] = {}

    class Frames(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "iframe"
            found.update(attrs)

    Frames().feed(ProbeView(sample(), height=500)._repr_html_())
    assert found["srcdoc"] == render_html(sample())
    assert found["sandbox"] == ""
    assert "height:500px" in str(found["style"])
