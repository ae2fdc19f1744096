"""Runs of several models taken together, on answers that were written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.lab.elsewhere import elsewhere, elsewhere_tables
from eval.runs.loading import Run, load_run
from overlay.errors import InputError
from overlay.journal import Journal
from tests.eval.runs.sample import ITEM, journal, record, reply

POLICIES = [
    {"kind": "top-k"},
    {"kind": "most-similar", "name": "one", "k": 1},
    {"kind": "overlay"},
    {"kind": "oracle"},
]


def journal_of(model: str, right: dict[str, str], path: Path | None = None) -> Journal:
    """Of each policy a letter a question: r for right."""
    records = [
        record(
            {
                policy: reply(
                    "Corrin" if letters[place] == "r" else "Luth",
                    evaluated=50 if policy == "one" else 100,
                    volatility=(place + 1) / 10 if policy == "overlay" else None,
                )
                for policy, letters in right.items()
            },
            item=replace(ITEM, id=f"q{place}"),
        )
        for place in range(len(right["top-k"]))
    ]
    unanswerable = record({policy: reply("x") for policy in right}, item=replace(ITEM, answers=()))
    kept = journal([*records, unanswerable], path, policies=POLICIES)
    kept.run = {**kept.run, "model": {**kept.run["model"], "name": model}}
    return kept


SMALL = {"top-k": "wwww", "one": "rwww", "overlay": "rrww", "oracle": "rrrw"}
LARGE = {"top-k": "rrwr", "one": "rwww", "overlay": "rrrr", "oracle": "rrrr"}


@pytest.fixture
def runs() -> list[Run]:
    return [load_run(journal_of("small", SMALL)), load_run(journal_of("large", LARGE))]


def test_each_model_counts_alone_and_together(runs: list[Run]) -> None:
    whole, by_set, _ = elsewhere_tables(runs, ["ferries"], seed=0)
    assert whole.head[:5] == ("", "all (8)", "small (4)", "large (4)", "on the topic (8)")
    rows = {row[0]: row[1:] for row in whole.rows}
    assert rows["top-k"][:5] == ("0.38", "0.00", "0.75", "0.38", "1.00")
    assert rows["one"][:5] == ("0.25", "0.25", "0.25", "0.25", "0.50")
    assert rows["overlay"][:4] == ("0.75", "0.50", "1.00", "0.75")
    assert rows["top-k"][5].startswith("+0.38 (")
    assert rows["oracle"][5].startswith("-0.12 (")
    assert rows["overlay"][5] == ""
    assert by_set.rows == (("ferries", "8", "top-k", "0.38", "0.75", "0.88"),)


def test_the_index_is_held_against_what_was_spoken(runs: list[Run]) -> None:
    *_, sure = elsewhere_tables(runs, [], seed=0)
    small, large = sure.rows
    # Right, right, wrong, wrong at 0.1 to 0.4, each in a bin: (0.1 + 0.2 + 0.7 + 0.6) / 4.
    assert small[:2] == ("small, overlay", "4")
    assert small[2].startswith("1.00")
    assert small[3:] == ("0.40", "2.00")
    assert large == ("large, overlay", "4", "", "", "")


def test_the_command_writes_all_tables(tmp_path: Path) -> None:
    path, page = tmp_path / "small.jsonl", tmp_path / "page.md"
    journal_of("small", SMALL, path)
    result = CliRunner().invoke(elsewhere, [str(path), "--markdown", str(page)])
    assert result.exit_code == 0, result.output
    assert "### Right answers" in page.read_text()
    assert "### By data set" in page.read_text()
    assert "### How sure" in page.read_text()


def test_without_a_simple_way_there_is_nothing_to_compare_with() -> None:
    kept = journal_of("small", SMALL)
    kept.run = {**kept.run, "spec": {**kept.run["spec"], "policies": [{"kind": "oracle"}]}}
    with pytest.raises(InputError, match="no simple way") as error:
        elsewhere_tables([load_run(kept)], [], seed=0)
    assert "top-k" in error.value.hint
