"""Several folders in one store: each stays in step with its folder, and none touches another."""

from __future__ import annotations

from pathlib import Path

import pytest

from retriever import (
    Chunker,
    ChunkStore,
    DocumentError,
    IngestOptions,
    IngestReport,
    Skip,
    ingest,
    ingest_documents,
    parse_document,
)
from tests.retriever.hashing import HashEmbedder


def write(folder: Path, **files: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


class Shelf:
    def __init__(self, store: ChunkStore, embedder: HashEmbedder, chunker: Chunker) -> None:
        self.store, self._embedder, self._chunker = store, embedder, chunker

    def ingest(self, folder: Path, *, strict: bool = False) -> IngestReport:
        options = IngestOptions(strict=strict)
        return ingest(folder, self.store, self._embedder, self._chunker, options)

    @property
    def sources(self) -> list[str]:
        return sorted(self.store.documents())


@pytest.fixture
def shelf(store: ChunkStore, embedder: HashEmbedder, chunker: Chunker) -> Shelf:
    return Shelf(store, embedder, chunker)


def test_two_folders_with_a_file_of_one_name_are_both_held(shelf: Shelf, tmp_path: Path) -> None:
    a = write(tmp_path / "a", readme_md="# One")
    b = write(tmp_path / "b", readme_md="# Two")
    shelf.ingest(a)
    shelf.ingest(b)
    assert shelf.sources == ["b/readme.md", "readme.md"]
    # Again and again, in any order: nothing changes.
    for folder in (b, a, b):
        report = shelf.ingest(folder)
        assert (report.added, report.unchanged, report.removed) == (0, 1, 0)


def test_each_folder_is_synchronised_alone(shelf: Shelf, tmp_path: Path) -> None:
    a = write(tmp_path / "a", x_md="# X", y_md="# Y")
    b = write(tmp_path / "b", x_md="# X of b")
    shelf.ingest(a)
    shelf.ingest(b)
    (a / "y.md").unlink()
    write(b, z_md="# Z")
    assert shelf.ingest(a).removed == 1
    assert shelf.ingest(b).added == 1
    assert shelf.sources == ["b/x.md", "b/z.md", "x.md"]


def test_folders_of_one_name_get_names_of_their_own(shelf: Shelf, tmp_path: Path) -> None:
    for parent in ("p", "q", "r"):
        shelf.ingest(write(tmp_path / parent / "notes", x_md=f"# {parent}"))
    assert shelf.sources == ["notes (2)/x.md", "notes/x.md", "x.md"]


def test_a_folder_inside_another_is_held_once(shelf: Shelf, tmp_path: Path) -> None:
    outer = write(tmp_path / "outer", a_md="# A")
    inner = write(outer / "inner", b_md="# B")
    shelf.ingest(outer)
    assert shelf.ingest(inner).unchanged == 1
    write(inner, b_md="# B changed", c_md="# C")
    report = shelf.ingest(inner)
    assert (report.added, report.updated, report.removed) == (1, 1, 0)
    assert shelf.sources == ["a.md", "inner/b.md", "inner/c.md"]


def test_the_folder_around_one_that_is_held_holds_its_files_once(
    shelf: Shelf, tmp_path: Path
) -> None:
    outer = write(tmp_path / "outer", a_md="# A")
    inner = write(outer / "inner", b_md="# B")
    shelf.ingest(inner)
    report = shelf.ingest(outer)
    assert (report.added, report.unchanged) == (1, 1)
    (inner / "b.md").unlink()
    assert shelf.ingest(outer).removed == 1


def test_one_bad_file_costs_no_other(shelf: Shelf, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", good_md="# Good", bad_md=b"\x00\x01\x02" * 500, z_xyz="?")
    report = shelf.ingest(folder)
    assert shelf.sources == ["good.md"]
    assert sorted((one.source, one.skip) for one in report.skipped) == [
        ("bad.md", Skip.UNREADABLE),
        ("z.xyz", Skip.KIND),
    ]
    write(folder, bad_md="# Mended")
    assert shelf.ingest(folder).added == 1


def test_what_was_held_of_a_file_that_broke_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", good_md="# Good", other_md="# Other")
    shelf.ingest(folder)
    write(folder, good_md=b"\x00\x01\x02" * 500)
    report = shelf.ingest(folder)
    assert (report.removed, report.unchanged) == (0, 1)
    assert shelf.sources == ["good.md", "other.md"]


def test_strict_stops_and_changes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", good_md="# Good", bad_md=b"\x00\x01\x02" * 500)
    with pytest.raises(DocumentError, match=r"bad\.md"):
        shelf.ingest(folder, strict=True)
    assert shelf.sources == []


def test_a_folder_in_which_nothing_can_be_read_changes_nothing(
    shelf: Shelf, tmp_path: Path
) -> None:
    folder = write(tmp_path / "a", good_md="# Good")
    shelf.ingest(folder)
    (folder / "good.md").unlink()
    with pytest.raises(DocumentError, match="no documents"):
        shelf.ingest(folder)
    write(folder, bad_md=b"\x00\x01\x02" * 500)
    with pytest.raises(DocumentError, match=r"nothing that can be read \(bad\.md: "):
        shelf.ingest(folder)
    assert shelf.sources == ["good.md"]


def test_a_store_of_an_earlier_version_is_taken_over_by_its_folder(
    shelf: Shelf, tmp_path: Path, embedder: HashEmbedder, chunker: Chunker
) -> None:
    texts = {"a.md": "# A", "b.md": "# B", "gone.md": "# Gone"}
    old = [parse_document(source, text.encode()) for source, text in texts.items()]
    ingest_documents(old, shelf.store, embedder, chunker)
    shelf.ingest(write(tmp_path / "other", x_md="# X"))
    assert shelf.sources == ["a.md", "b.md", "gone.md", "other/x.md"]
    report = shelf.ingest(write(tmp_path / "own", a_md="# A", b_md="# B, new"))
    assert (report.updated, report.unchanged, report.removed) == (1, 1, 1)
    assert shelf.sources == ["a.md", "b.md", "other/x.md"]
