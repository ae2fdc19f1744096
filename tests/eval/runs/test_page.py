"""The page of a run, as a browser shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from eval.runs.loading import Run, load_run
from eval.runs.page import render_markdown, render_page
from eval.runs.plot import draw
from tests.eval.runs.sample import ITEM, journal, record, reply


def sample_run() -> Run:
    records = []
    for place in range(12):
        item = replace(ITEM, id=f"q{place}")
        ours = "Luth" if place < 3 else "Corrin"
        replies = {
            "top-k": reply("Luth" if place % 2 else "Corrin"),
            "overlay": reply(
                ours, accepted=(True, place < 3, False), volatility=place / 20, evaluated=250
            ),
        }
        records.append(record(replies, item=item))
        turned = {**replies, "top-k": reply("Luth")}
        records.append(record(turned, item=item, perturbation="reordered"))
    policies: list[dict[str, Any]] = [{"kind": "top-k"}, {"kind": "overlay", "name": "overlay"}]
    policies[1]["budget"] = 0.3
    return load_run(journal(records, policies=policies, reference="top-k", subject="overlay"))


def test_the_page_shows_plot_tables_and_failures(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_page([sample_run()]), encoding="utf-8")
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # forget what came before
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium has no types here
    assert browser.title == "Stability and accuracy: ferries: tiny on llamacpp"
    plot = browser.find_element(By.CSS_SELECTOR, ".plot svg")
    assert plot.size["width"] > 400
    assert plot.size["height"] > 200
    assert {"top-k", "overlay"} <= set(plot.text.split())
    headings = [h.text for h in browser.find_elements(By.CSS_SELECTOR, "main h2")]
    assert headings == [
        "ferries: tiny on llamacpp",
        "Answers, 12 cases of 12 questions",
        "Stability",
        "Compared with top-k",
        "Cost",
        "Checks",
        "Worst failures of overlay",
    ]
    rows = browser.find_elements(By.CSS_SELECTOR, "#run-1-1 tbody tr")
    assert [row.text.split()[0:2] for row in rows] == [["top-k", "0.50"], ["overlay", "0.75"]]
    assert len(browser.find_elements(By.CSS_SELECTOR, "article")) == 3
    struck = browser.find_element(By.CSS_SELECTOR, "article .passages .out")
    assert "<script>alert('green')</script>" in struck.text  # shown, never run
    assert not browser.find_elements(By.CSS_SELECTOR, "main script")


def test_the_same_run_gives_the_same_page() -> None:
    assert render_page([sample_run()]) == render_page([sample_run()])


def test_markdown_quotes_no_question_and_no_passage() -> None:
    text = render_markdown([sample_run()], "overlay eval run ferries.toml")
    assert "| top-k | 0.50" in text
    assert "ferry" not in text
    assert "Corrin" not in text


def test_the_plot_is_a_picture() -> None:
    picture = draw(sample_run(), "png")
    assert picture is not None
    assert picture.startswith(b"\x89PNG")


def test_without_stability_there_is_no_plot() -> None:
    item = replace(ITEM, wrong_answers=())
    run = load_run(journal([record({"a": reply("Corrin")}, item=item)]))
    assert draw(run, "svg") is None
    assert "No plot" in render_page([run])


def test_the_gap_is_told_apart_where_helpful_passages_outnumber_contradicting_ones() -> None:
    more = replace(ITEM, id="q2", passages=(ITEM.passages[0], *ITEM.passages))
    texts = {"top-k": "Luth", "oracle": "Corrin", "overlay": "Luth"}
    fooled = {name: reply(text) for name, text in texts.items()}
    texts["overlay"] = "Corrin"
    held = {name: reply(text, accepted=(True,) * 4) for name, text in texts.items()}
    policies = [{"kind": kind} for kind in texts]
    run = load_run(journal([record(fooled), record(held, item=more)], policies=policies))
    lines = render_markdown([run], "overlay eval run ferries.toml").splitlines()
    place = lines.index("### Gap closed")
    table = [line for line in lines[place:] if line.startswith("| ")]
    assert table[0] == "| policy | all (2) | contradicting outnumbered (1) |"
    assert table[2] == "| overlay | 0.50 (0.00-1.00) | 1.00 (1.00-1.00) |"
