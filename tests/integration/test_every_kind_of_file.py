"""300 files of every kind, 30 of them broken, through the real parsers, embedder and store."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eval.readings.peak_memory import peak_memory
from overlay.library import Library
from overlay.settings import load_settings
from tests.integration.command import overlay_here
from tests.integration.folder_of_every_kind import (
    BROKEN,
    READABLE,
    Fact,
    write_broken,
    write_readable,
)

pytestmark = pytest.mark.real_model


@dataclass(frozen=True, slots=True)
class Ingested:
    """The folder, what was ingested of it and what was said."""

    root: Path
    facts: list[Fact]
    broken: dict[str, str]
    report: dict[str, Any]
    said: str
    cost: str


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    root = tmp_path_factory.mktemp("every-kind")
    folder = root / "docs"
    folder.mkdir()
    facts, broken = write_readable(folder), write_broken(folder)
    began = time.perf_counter()
    with peak_memory() as peak:
        done = overlay_here("ingest", "docs", "--json", cwd=root)
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    cost = f"{took:.1f} s, peak {peak.size >> 20} MiB more, of parsers {children >> 10} MiB"
    return Ingested(root, facts, broken, json.loads(done.stdout), done.stderr, cost)


@pytest.fixture(scope="module")
def library(ingested: Ingested) -> Iterator[Library]:
    with Library(load_settings(store=ingested.root / ".overlay" / "store")) as library:
        yield library


def test_what_can_be_read_is_read_and_the_rest_is_named(ingested: Ingested) -> None:
    sys.stdout.write(f"{ingested.cost}\n")  # `pytest -rP` shows it
    report = ingested.report
    assert (len(ingested.facts), len(ingested.broken)) == (READABLE, BROKEN)
    assert len({fact.source for fact in ingested.facts}) == READABLE
    skipped = {one["source"]: one["reason"] for one in report["skipped"]}
    assert sorted(skipped) == sorted(ingested.broken)
    other = {s: r for s, r in skipped.items() if ingested.broken[s] not in r}
    assert other == {}
    assert (report["added"], report["notes"]) == (READABLE, [])
    assert "Traceback" not in ingested.said


def test_each_file_is_found_by_a_question_about_it(ingested: Ingested, library: Library) -> None:
    lost, misplaced = [], []
    for fact in ingested.facts:
        hits = library.retriever.search(fact.question, 10)
        own = [h for h in hits if h.source == fact.source and fact.says in " ".join(h.text.split())]
        if not own:
            lost.append((fact, [(hit.source, hit.text) for hit in hits]))
        elif own[0].chunk.place != fact.place or not own[0].chunk.title.endswith(fact.heading):
            misplaced.append((fact, own[0].chunk))
    assert lost == []
    assert misplaced == []


def test_a_second_ingest_does_nothing_in_two_seconds(ingested: Ingested, library: Library) -> None:
    fastest = float("inf")
    for _ in range(3):  # the machine may do something else meanwhile
        began = time.perf_counter()
        report = library.ingest(ingested.root / "docs")
        fastest = min(fastest, time.perf_counter() - began)
        assert (report.added, report.updated, report.removed) == (0, 0, 0)
        assert (report.unchanged, len(report.skipped)) == (READABLE, BROKEN)
    sys.stdout.write(f"{fastest:.2f} s\n")
    assert fastest < 2
