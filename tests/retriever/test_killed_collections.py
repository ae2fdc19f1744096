"""Two collections of one store, whose ingests are killed again and again at any moment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psutil
import pytest

from eval.bench.made_files import make_file
from eval.bench.made_sections import Section
from retriever import Chunker, ChunkStore, collection_folder, collections, ingest
from tests.retriever.hashing import HashEmbedder
from tests.retriever.snapshots import Snapshot, snapshot

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")

KILLS = 30
FILES = 40  # of a collection, of which each ingest finds 10 changed
NAMES = ("default", "notes")
SUFFIXES = (".md", ".txt", ".csv", ".log", ".json", ".py", ".jsonl", ".ipynb")  # read at once
MARK = "OVERLAY_TEST_OF_KILLS"  # in the environment of every process that the test starts

Fork = Callable[[Path, Path], psutil.Process]


@pytest.fixture
def fork() -> Iterator[Fork]:
    """Starts an ingest of a folder into a store, in a process of its own."""
    forks = subprocess.Popen(
        [sys.executable, "-m", "tests.retriever.ingest_forks"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {MARK: str(os.getpid())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert forks.stdin is not None
    assert forks.stdout is not None

    def start(store: Path, folder: Path) -> psutil.Process:
        assert forks.stdin is not None
        assert forks.stdout is not None
        forks.stdin.write(json.dumps([str(store), str(folder)]) + "\n")
        forks.stdin.flush()
        return psutil.Process(int(forks.stdout.readline()))

    with forks.stdin, forks.stdout:
        yield start
    forks.wait()


def write(folder: Path, version: int) -> None:
    """Files of many kinds, of which every version changes some, and two that are not read."""
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        changes = number % 4 == 1
        if changes or not version:
            suffix = SUFFIXES[number % len(SUFFIXES)]
            texts = tuple(f"Hut {n} of file {number} in version {version}." for n in range(9))
            data = make_file(suffix, f"File {number}", [Section(f"Huts of {number}", texts)])
            (folder / f"{number:02}{suffix}").write_bytes(data)
    (folder / "broken.pdf").write_bytes(b"no PDF")
    (folder / "photo.raw").write_bytes(b"no document")


def left() -> list[psutil.Process]:
    """Processes of this test that still run, but for the one that forks."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            started = "tests.retriever.ingest_forks" in process.cmdline()
            ours = process.environ().get(MARK) == str(os.getpid())
            if ours and not (started and process.ppid() == os.getpid()):
                found.append(process)
    return found


def test_killed_at_random_moments(
    tmp_path: Path, embedder: HashEmbedder, chunker: Chunker, fork: Fork
) -> None:
    seed = time.time_ns()
    sys.stdout.write(f"seed {seed}\n")  # pytest shows it when the test fails
    draw = random.Random(seed)  # noqa: S311 - no secret
    store = tmp_path / "store"
    places = {name: (collection_folder(store, name), tmp_path / f"of {name}") for name in NAMES}

    def held(name: str) -> Snapshot:
        return snapshot(places[name][0])

    for name in NAMES:
        write(places[name][1], 0)
        fork(*places[name]).wait(60)
    write(places["notes"][1], 1)
    began = time.monotonic()
    fork(*places["notes"]).wait(60)
    whole = time.monotonic() - began

    running = {name: fork(*places[name]) for name in NAMES}
    kills = dict.fromkeys(NAMES, 0)
    for version in count(2):
        time.sleep(draw.random() * 0.8 * whole)
        name = draw.choice(NAMES)
        with suppress(psutil.NoSuchProcess):  # else it has ended by itself
            running[name].kill()
            running[name].wait(10)
            kills[name] += 1
        if sum(kills.values()) == KILLS:
            break
        # Whichever versions it holds, each file is there, and both indices hold the same.
        assert len({row[1]["source"] for row in held(name).values()}) == FILES
        write(places[name][1], version)
        running[name] = fork(*places[name])
    sys.stdout.write(f"{version} versions, killed {kills}, of {whole:.1f} s\n")
    for name in NAMES:
        with suppress(psutil.NoSuchProcess):
            running[name].wait(60)

    assert collections(store) == list(NAMES)
    for name, (folder, documents) in places.items():
        for place in (folder, tmp_path / f"fresh {name}"):
            with ChunkStore(place, embedder) as opened:
                report = ingest(documents, opened, embedder, chunker)
                assert len(report.skipped) == 2
        assert held(name) == snapshot(tmp_path / f"fresh {name}")
        assert len(list(folder.glob("generation-*"))) <= 2
    patience = time.monotonic() + 10
    while left() and time.monotonic() < patience:
        time.sleep(0.1)
    assert left() == []
