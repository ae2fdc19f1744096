"""Documents made up, an ingest of them with a stopwatch, and the stopwatch itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from eval.bench.ingest_cost import EMBEDDER, STORE, ingest_cost
from eval.bench.made_documents import made_paragraphs, make_documents
from eval.bench.stopwatch import Stopwatch
from overlay.errors import InputError
from overlay.library import Library
from overlay.settings import load_settings


class Sleeper:
    """Sleeps, alone and around another."""

    def short(self) -> str:
        time.sleep(0.02)
        return "slept"

    def long(self) -> str:
        time.sleep(0.04)
        return self.short()


def test_a_part_inside_another_is_booked_once() -> None:
    watch, sleeper = Stopwatch(), Sleeper()
    began = time.perf_counter()
    with watch.watching((sleeper, "short", "inner"), (Sleeper, "long", "outer")):
        assert sleeper.long() == "slept"
        assert sleeper.short() == "slept"
    took = time.perf_counter() - began
    assert watch.seconds["inner"] >= 0.04
    assert watch.seconds["outer"] >= 0.04
    # Booked twice, the inner part would make them more than the time there was.
    assert sum(watch.seconds.values()) <= took
    before = dict(watch.seconds)
    sleeper.long()
    assert watch.seconds == before
    assert "short" not in vars(sleeper)


def test_a_part_that_fails_is_booked() -> None:
    def fail() -> None:
        with watch.part("a"), watch.part("b"):
            time.sleep(0.02)
            raise InputError("as asked")

    watch = Stopwatch()
    with pytest.raises(InputError):
        fail()
    assert watch.seconds["b"] >= 0.02
    assert watch.seconds["b"] > watch.seconds["a"]


def test_paragraphs_differ_and_repeat_with_the_seed() -> None:
    made = made_paragraphs(2000, seed=0)
    assert len(set(made)) == 2000
    assert made == made_paragraphs(2000, seed=0) != made_paragraphs(2000, seed=1)


def test_an_ingest_is_measured(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    make_documents(tmp_path / "documents", 200, seed=0)
    settings = load_settings(store=tmp_path / "store")
    cost = ingest_cost(tmp_path / "documents", settings)
    # A paragraph in a hundred is longer than a chunk may be.
    assert 200 <= cost.chunks <= 204
    assert 90 <= cost.chunk_tokens <= 105
    assert sum(cost.parts.values()) == pytest.approx(cost.seconds, rel=0.01)
    assert cost.parts[EMBEDDER] > 0.5 * cost.seconds
    assert cost.parts[STORE] > 0
    assert 0.8 < cost.inside < 1
    assert 0 < cost.start <= cost.loaded <= cost.peak
    with Library(settings) as library:
        assert len({chunk.text for chunk in library.store.chunks()}) == cost.chunks
        assert library.retriever.search("When does the bus leave?", 3)
