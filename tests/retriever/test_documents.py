from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from retriever import DocumentError, parse_document, read_folder
from tests.retriever.conftest import WriteFolder


def test_reads_known_kinds_recursively_in_order(write_folder: WriteFolder) -> None:
    folder = write_folder(
        {
            "b.txt": "Second",
            "a/deep/c.markdown": "# Third",
            "a/x.MD": "# Upper case",
            "picture.png": "no document",
            ".hidden.md": "hidden",
            ".git/notes.md": "hidden too",
        }
    )
    documents = read_folder(folder)
    assert [document.source for document in documents] == ["a/deep/c.markdown", "a/x.MD", "b.txt"]
    assert documents[2].sha256 == hashlib.sha256(b"Second").hexdigest()


def test_a_single_file_is_a_folder_of_one(write_folder: WriteFolder) -> None:
    folder = write_folder({"a.md": "# A", "b.md": "# B"})
    assert [document.source for document in read_folder(folder / "b.md")] == ["b.md"]


@pytest.mark.parametrize(
    ("source", "text", "title"),
    [
        ("a.md", "Hello\n\n## The *second* ##\n\n# First\n", "The *second*"),
        ("a.md", "```\n# a comment\n```\n\nUnder\nline\n====\n", "line"),
        ("a.md", "~~~\n```\n# still code\n~~~\n# Title", "Title"),
        ("a.md", "    # indented code\n#no heading\n", "# indented code"),
        ("a.txt", "\n\n  A short line  \nMore", "A short line"),
        ("a.txt", "# not Markdown", "# not Markdown"),
        ("notes/long.txt", "word " * 40, "long"),
        ("empty.md", " \n ", "empty"),
        ("a.md", "====\ntext", "===="),
    ],
)
def test_title(source: str, text: str, title: str) -> None:
    assert parse_document(source, text.encode()).title == title


def test_byte_order_mark_and_line_ends() -> None:
    document = parse_document("a.md", b"\xef\xbb\xbf# A\r\n\r\nfirst\rsecond\n")
    assert document.text == "# A\n\nfirst\nsecond\n"
    assert document.title == "A"


@pytest.mark.parametrize(
    ("data", "text"), [(b"caf\xe9", "café"), (b"\xff\xfeh\x00", "h"), ("Größe".encode(), "Größe")]
)
def test_text_is_read_in_any_encoding(data: bytes, text: str) -> None:
    assert parse_document("a.md", data).text == text


@pytest.mark.parametrize("data", [bytes(range(256)), bytes(20)])
def test_what_is_no_text_names_the_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "good.md").write_text("# Good")
    (tmp_path / "bad.md").write_bytes(data)
    with pytest.raises(DocumentError, match="is not text") as error:
        read_folder(tmp_path)
    assert "bad.md" in error.value.message
    assert error.value.hint


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there is no folder") as error:
        read_folder(tmp_path / "nowhere")
    assert error.value.param == "folder"


def test_file_of_unknown_kind(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(DocumentError, match=r"is not a document .*Markdown"):
        read_folder(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("files", "found"), [({}, "no documents"), ({"a.md": " \n"}, "only empty documents")]
)
def test_nothing_to_read(write_folder: WriteFolder, files: dict[str, str], found: str) -> None:
    with pytest.raises(DocumentError, match=found):
        read_folder(write_folder(files))


def test_blank_files_are_kept_for_the_report(write_folder: WriteFolder) -> None:
    documents = read_folder(write_folder({"a.md": "# A", "b.md": "\ufeff\n"}))
    assert [document.is_blank for document in documents] == [False, True]


def test_a_folder_named_like_a_document(tmp_path: Path) -> None:
    (tmp_path / "notes.md").mkdir()
    (tmp_path / "notes.md" / "a.md").write_text("# A")
    assert [document.source for document in read_folder(tmp_path)] == ["notes.md/a.md"]
