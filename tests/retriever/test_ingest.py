from __future__ import annotations

from pathlib import Path

import pytest

from overlay.errors import InputError
from retriever import (
    Chunker,
    ChunkStore,
    EmbedderMismatchError,
    IngestOptions,
    Skip,
    embedded_text,
    ingest,
    ingest_documents,
    read_folder,
)
from tests.retriever.conftest import WriteFolder
from tests.retriever.hashing import HashEmbedder
from tests.retriever.snapshots import snapshot

FILES = {
    "a.md": "# Huts\n\n" + "The hut has twelve bunks and one stove. " * 8,
    "b.txt": "Bus timetable",
    "deep/c.md": "# Water\n\nBoil it.",
}


def counts(report: object) -> tuple[int, ...]:
    return tuple(getattr(report, name) for name in ("added", "updated", "unchanged", "removed"))


def test_first_ingest(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    calls: list[tuple[int, int, str]] = []
    folder = write_folder(FILES | {"empty.md": "\n"})
    report = ingest(
        folder, store, embedder, chunker, IngestOptions(progress=lambda *call: calls.append(call))
    )
    assert counts(report) == (3, 0, 0, 0)
    assert [one.source for one in report.skipped] == ["empty.md"]
    assert report.chunks == store.count() == embedder.embedded > 3
    assert calls == [(1, 4, "a.md"), (2, 4, "b.txt"), (3, 4, "deep/c.md"), (4, 4, "empty.md")]
    assert {d.source: d.sha256 for d in store.documents().values()} == {
        d.source: d.sha256 for d in read_folder(folder) if not d.is_blank
    }


def test_ingest_again_does_only_what_is_needed(
    store: ChunkStore,
    embedder: HashEmbedder,
    chunker: Chunker,
    write_folder: WriteFolder,
    tmp_path: Path,
) -> None:
    ingest(write_folder(FILES), store, embedder, chunker)
    embedder.embedded = 0
    pointer = (tmp_path / "store" / "CURRENT").read_text()
    report = ingest(write_folder(FILES), store, embedder, chunker)
    assert (counts(report), embedder.embedded) == ((0, 0, 3, 0), 0)
    assert (tmp_path / "store" / "CURRENT").read_text() == pointer

    changed = {"a.md": FILES["a.md"], "b.txt": "New timetable", "d.md": "# New"}
    report = ingest(write_folder(changed), store, embedder, chunker)
    assert (counts(report), embedder.embedded) == ((1, 1, 1, 1), 2)
    assert sorted(store.documents()) == ["a.md", "b.txt", "d.md"]


def test_the_order_of_ingests_leaves_no_trace(
    embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder, tmp_path: Path
) -> None:
    final = FILES | {"a.md": "# Other", "d.md": "# New"}
    with ChunkStore(tmp_path / "grown", embedder) as grown:
        ingest(write_folder(FILES | {"gone.md": "# Gone"}), grown, embedder, chunker)
        ingest(write_folder(final), grown, embedder, chunker)
    with ChunkStore(tmp_path / "fresh", embedder) as fresh:
        ingest(write_folder(final), fresh, embedder, chunker)
    assert snapshot(tmp_path / "grown") == snapshot(tmp_path / "fresh")


def test_another_limit_chunks_again(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    folder = write_folder(FILES)
    before = ingest(folder, store, embedder, chunker).chunks
    report = ingest(folder, store, embedder, Chunker(embedder.count_tokens, 64))
    assert counts(report) == (0, 3, 0, 0)
    assert report.chunks < before


def test_a_document_that_became_blank_is_removed(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    ingest(write_folder(FILES), store, embedder, chunker)
    report = ingest(write_folder(FILES | {"b.txt": ""}), store, embedder, chunker)
    assert counts(report) == (0, 0, 2, 1)
    assert [(one.source, one.skip) for one in report.skipped] == [("b.txt", Skip.EMPTY)]


def test_a_single_file_removes_no_other(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    folder = write_folder(FILES)
    ingest(folder, store, embedder, chunker)
    (folder / "a.md").write_text("# Changed")
    report = ingest(folder / "a.md", store, embedder, chunker)
    assert counts(report) == (0, 1, 0, 0)
    assert len(store.documents()) == 3
    blank = read_folder(write_folder({"a.md": "", "x.md": "x"}))[:1]
    report = ingest_documents(blank, store, embedder, chunker, remove_missing=False)
    assert counts(report) == (0, 0, 0, 1)


def test_documents_of_many_sizes_keep_their_own_vectors(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    def text(number: int) -> str:
        return " ".join(f"Sentence {n} of {number} is here." for n in range(number % 40))

    files = {f"{number:03}.md": f"# Hut {number}\n\n{text(number)}" for number in range(60)}
    folder = write_folder(files)
    ingest_documents(read_folder(folder), store, embedder, chunker, IngestOptions(checkpoint=100))
    for number in (0, 1, 39, 40, 59):
        chunk = chunker.split(read_folder(folder)[number])[-1]
        (hit,) = store.query(embedder.embed([embedded_text(chunk)])[0], 1)
        assert (hit.chunk, round(hit.similarity, 4)) == (chunk, 1.0)


def test_limit_beyond_what_the_embedder_reads(
    store: ChunkStore, embedder: HashEmbedder, write_folder: WriteFolder
) -> None:
    with pytest.raises(InputError, match="give at most 256") as error:
        ingest(write_folder(FILES), store, embedder, Chunker(embedder.count_tokens, 257))
    assert error.value.param == "limit"
    assert store.count() == 0


def test_another_embedder_changes_nothing(
    store: ChunkStore,
    embedder: HashEmbedder,
    chunker: Chunker,
    write_folder: WriteFolder,
    tmp_path: Path,
) -> None:
    folder = write_folder(FILES)
    ingest(folder, store, embedder, chunker)
    other = HashEmbedder("other")
    with ChunkStore(tmp_path / "store", other) as wrong, pytest.raises(EmbedderMismatchError):
        ingest(folder, wrong, other, chunker)
    assert (other.embedded, len(store.documents())) == (0, 3)


def test_a_failing_progress_callback_keeps_what_was_published(
    store: ChunkStore, embedder: HashEmbedder, chunker: Chunker, write_folder: WriteFolder
) -> None:
    def stop(done: int, total: int, source: str) -> None:
        if source == "new.md":
            raise KeyboardInterrupt

    ingest(write_folder(FILES), store, embedder, chunker)
    with pytest.raises(KeyboardInterrupt):
        ingest(
            write_folder(FILES | {"new.md": "# New"}),
            store,
            embedder,
            chunker,
            IngestOptions(progress=stop),
        )
    assert len(store.documents()) == 3
    assert counts(ingest(write_folder(FILES), store, embedder, chunker)) == (0, 0, 3, 0)
