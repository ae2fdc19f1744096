"""``overlay eval`` from a file to a page in a browser: every policy on the sample documents."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.integration.command import overlay_here

SMALL = Path("eval/specs/small.toml")
RUN = (
    *("run", "small.toml", "--output", "small.jsonl", "--limit", "1"),
    *("--backend", "llamacpp", "--max-tokens", "8"),
)

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first case of the project's own small run, untimed, under llama.cpp."""
    root = tmp_path_factory.mktemp("eval")
    spec, times = re.subn(r"^timed = .*$", "timed = 0", SMALL.read_text(), flags=re.MULTILINE)
    assert times == 1
    (root / "small.toml").write_text(spec)
    done = overlay_here("eval", *RUN, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "accepts all answers as top-k does" in done.stdout
    return root


def test_the_report_opens_in_a_browser(folder: Path, browser: Chrome) -> None:
    done = overlay_here("eval", "report", "small.jsonl", "--html", "small.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # forget what came before
    browser.get((folder / "small.html").as_uri())
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium has no types here
    text = browser.find_element(By.TAG_NAME, "main").text
    for policy in ("no-context", "top-k", "IGP", "voting", "perplexity", "ablation", "oracle"):
        assert policy in text
    assert "Checks" in text
    assert " NO " not in text


def test_compare_says_what_is_beyond_noise(folder: Path) -> None:
    done = overlay_here("eval", "compare", "small.jsonl", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    [rows] = json.loads(done.stdout).values()
    accuracy = {row["policy"]: row for row in rows if row["measure"] == "accuracy"}
    difference = accuracy["accepts all"]["difference"]
    assert difference["value"] == 0
    assert difference["low"] < 0 < difference["high"]  # one question tells little
    assert accuracy["accepts all"]["conclusion"] == "within noise"
    assert "top-k" not in accuracy


def test_a_finished_part_is_not_asked_again(folder: Path) -> None:
    before = (folder / "small.jsonl").read_bytes()
    done = overlay_here("eval", *RUN, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "small.jsonl").read_bytes() == before
    assert {row["cases"] for row in json.loads(done.stdout)["policies"]} == {1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "gone.toml"), "gone.toml cannot be read"),
        (("run", "small.toml", "--questions", "1000"), "questions, not 1000"),
        ((*RUN, "--seed", "5"), "holds another run: spec.seed is 0 there and 5 here"),
        (("report", "gone.jsonl"), "gone.jsonl holds no results"),
        (("compare", "small.jsonl", "--reference", "nobody"), "no policy of the run is called"),
    ],
)
def test_wrong_input_is_named(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    done = overlay_here("eval", *arguments, cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
