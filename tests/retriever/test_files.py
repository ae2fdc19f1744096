"""What is found in a folder, and what is passed over, on a real file system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retriever import DocumentError
from retriever.files import Skip, list_files, printable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "documents"
    root.mkdir()
    (root / "a.md").write_text("# A")
    return root


def found(folder: Path) -> list[str]:
    return [file.source for file in list_files(folder).files]


def skipped(folder: Path) -> list[tuple[str, Skip]]:
    return [(one.source, one.skip) for one in list_files(folder).skipped]


def test_files_of_unknown_kinds_are_counted_by_suffix(folder: Path) -> None:
    for name in ("z.xyz", "photo.RAW", "LICENSE"):
        (folder / name).write_bytes(b"x")
    assert found(folder) == ["a.md"]
    suffixes = [one.suffix for one in list_files(folder).skipped]
    assert sorted(suffixes) == [".raw", ".xyz", "without suffix"]


def test_links_are_not_followed_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.md").write_text("# B")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "broken.md").symlink_to(tmp_path / "nowhere")
    assert found(folder) == ["a.md"]
    assert sorted(skipped(folder)) == [(n, Skip.LINK) for n in ("broken.md", "link.md", "out")]


def test_a_file_with_several_names_is_listed_once(folder: Path) -> None:
    (folder / "again.md").symlink_to(folder / "a.md")
    (folder / "hard.md").hardlink_to(folder / "a.md")
    assert len(found(folder)) == 1
    assert skipped(folder) == []


def test_loops_end(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "deep" / "b.md").write_text("# B")
    assert found(folder) == ["a.md", "deep/b.md"]
    assert skipped(folder) == [("self", Skip.LINK)]


def test_pipes_and_sockets_are_named_and_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert skipped(folder) == [("pipe.md", Skip.UNREADABLE)]


def test_names_that_are_not_utf8_are_written_out(folder: Path) -> None:
    path = os.fsencode(folder) + b"/caf\xe9.md"
    Path(os.fsdecode(path)).write_text("# Café")
    assert found(folder) == ["a.md", "caf\\xe9.md"]
    assert printable(folder) == str(folder)


def test_names_that_move_the_cursor_are_written_out(folder: Path) -> None:
    (folder / "\x1b[31mred\nb\x9b.md").write_text("# Red")
    (folder / "größe 🙂.md").write_text("# Size")
    assert found(folder) == ["\\x1b[31mred\\x0ab\\x9b.md", "a.md", "größe 🙂.md"]


def test_a_link_says_whether_it_leads_out_or_nowhere(folder: Path, tmp_path: Path) -> None:
    (folder / "out.md").symlink_to(tmp_path)
    (folder / "nowhere.md").symlink_to(tmp_path / "nowhere")
    (folder / "self.md").symlink_to(folder / "self.md")
    reasons = {one.source: one.reason for one in list_files(folder).skipped}
    assert reasons == {
        "out.md": "it leads out of the folder",
        "nowhere.md": "it leads nowhere",
        "self.md": "it leads nowhere",
    }


def test_hidden_files_and_folders_are_passed_over(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("x")
    (folder / ".env.md").write_text("x")
    assert found(folder) == ["a.md"]
    assert skipped(folder) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_folder_that_cannot_be_opened_is_named(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0)
    assert skipped(folder) == [("closed", Skip.UNREADABLE)]


def test_a_single_file_stands_in_its_folder(folder: Path) -> None:
    listing = list_files(folder / "a.md")
    assert listing.root == folder
    assert [file.source for file in listing.files] == ["a.md"]


def test_what_is_not_there_or_not_known_is_refused(folder: Path) -> None:
    with pytest.raises(DocumentError, match="there is no folder"):
        list_files(folder / "nowhere")
    (folder / "a.xyz").write_bytes(b"x")
    with pytest.raises(DocumentError, match=r"is not a document .*PDF"):
        list_files(folder / "a.xyz")


def test_a_path_that_is_no_folder_says_what_it_is(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    with pytest.raises(DocumentError, match="no folder and no regular file"):
        list_files(folder / "pipe.md")
    (folder / "self").symlink_to(folder / "self")
    with pytest.raises(DocumentError, match="cannot be opened"):
        list_files(folder / "self")
    with pytest.raises(DocumentError, match="there is no folder"):
        list_files(folder / "a.md" / "inner")


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_path_behind_a_closed_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed" / "inner").mkdir(parents=True)
    code = (
        "import os, sys; from pathlib import Path; from retriever.files import list_files\n"
        "from retriever import DocumentError\n"
        "if os.geteuid() == 0: os.setuid(65534)  # root may go everywhere\n"
        "try: list_files(Path(sys.argv[1]))\n"
        "except DocumentError as error: print(error.message)"
    )
    (tmp_path / "closed").chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "closed" / "inner")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "closed").chmod(0o755)
    assert done.stdout.endswith("cannot be opened: Permission denied\n"), done.stderr
