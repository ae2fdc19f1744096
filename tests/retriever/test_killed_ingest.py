"""An ingest that is killed loses nothing, and the next one ends where one alone would have."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retriever import Chunker, ChunkStore, ingest
from tests.retriever.conftest import WriteFolder
from tests.retriever.hashing import HashEmbedder
from tests.retriever.snapshots import Snapshot, snapshot

CHECKPOINT = 64  # chunks: as many as are embedded at a time, so each batch is published
PARAGRAPHS = 3


def document(name: str, version: int) -> str:
    lines = (
        f"Paragraph {n} of {name} tells of hut {n} in version {version}, with its stove, its "
        "bunks, its wood, its water, its path and its long winter."
        for n in range(PARAGRAPHS)
    )
    return f"# Document {name}\n\n" + "\n\n".join(lines)


OLD = {f"{n:03}.md": document(f"d{n}", 1) for n in range(50)}
# 5 removed, 25 changed, 20 left as they are, 15 new
NEW = {f"{n:03}.md": document(f"d{n}", 2 if n < 30 else 1) for n in range(5, 65)}


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def start(store: Path, kill_after: int = 0) -> subprocess.Popen[str]:
        module = "tests.retriever.ingest_worker"
        arguments = [str(store), str(tmp_path / "documents"), str(CHECKPOINT), str(kill_after)]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout as output:
            assert output.readline() == "ready\n"
        return process

    return start


def by_source(held: Snapshot) -> dict[str, Snapshot]:
    sources: dict[str, Snapshot] = {}
    for identity, row in held.items():
        sources.setdefault(row[1]["source"], {})[identity] = row
    return sources


def test_killed_at_any_moment(
    write_folder: WriteFolder,
    tmp_path: Path,
    embedder: HashEmbedder,
    chunker: Chunker,
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    base, alone, store = (tmp_path / name for name in ("base", "alone", "store"))
    with ChunkStore(base, embedder) as fresh:
        ingest(write_folder(OLD), fresh, embedder, chunker)
    folder = write_folder(NEW)
    shutil.copytree(base, alone)
    started = time.monotonic()
    process = start(alone)
    ready = time.monotonic()
    assert process.wait() == 0
    whole = time.monotonic() - ready
    old, new = by_source(snapshot(base)), by_source(snapshot(alone))
    assert set(new) == set(NEW), f"started in {ready - started:.1f} s"

    def check(killed: subprocess.Popen[str]) -> str:
        assert killed.wait() == -9
        halfway = by_source(snapshot(store))
        torn = [s for s, held in halfway.items() if held not in (old.get(s), new.get(s))]
        assert torn == []
        # Killed after its last publishing, it has removed what is gone from the folder.
        assert set(halfway) >= (set(NEW) if halfway == new else set(old))
        with ChunkStore(store, embedder) as again:
            for chunks in [*halfway.values()][::5]:
                identity, (text, _, _) = next(iter(chunks.items()))
                hits = again.query(embedder.embed([text])[0], 5)
                assert identity in {hit.chunk.id for hit in hits}, "and is still found"
            ingest(folder, again, embedder, chunker)
        final = by_source(snapshot(store))
        assert [source for source in {**final, **new} if final.get(source) != new.get(source)] == []
        assert len(list(store.glob("generation-*"))) <= 2
        shutil.rmtree(store)
        return "none" if halfway == old else "some"

    progress = set()
    for kill_after in (1, 20, 39):
        shutil.copytree(base, store)
        progress.add(check(start(store, kill_after)))
    assert progress == {"none", "some"}
    for moment in (0.1, 0.3, 0.5, 0.7, 0.9):
        shutil.copytree(base, store)
        process = start(store)
        time.sleep(whole * moment)
        process.kill()
        if process.wait() == 0:  # this time it was faster
            shutil.rmtree(store)
            continue
        check(process)


def test_killed_first_ingest(
    write_folder: WriteFolder,
    tmp_path: Path,
    embedder: HashEmbedder,
    chunker: Chunker,
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    folder = write_folder(OLD)
    assert start(tmp_path / "store", 2).wait() == -9
    with ChunkStore(tmp_path / "store", embedder) as store:
        assert store.count() == 0
        report = ingest(folder, store, embedder, chunker)
    assert (report.added, report.unchanged) == (50, 0)
