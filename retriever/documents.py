"""A folder of Markdown and text files, read as documents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retriever.errors import DocumentError
from retriever.headings import find_headings, split_lines

__all__ = ["Document", "parse_document", "read_folder"]

_MARKDOWN = frozenset({".md", ".markdown"})
_SUFFIXES = _MARKDOWN | {".txt"}
_KINDS = ", ".join(f"*{suffix}" for suffix in sorted(_SUFFIXES))
_LONGEST_TITLE = 80  # characters; a longer first line is prose, not a title


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text.

    Attributes:
        source: POSIX path relative to the folder that was read.
        title: the first Markdown heading, else a short first line, else the file's stem.
        text: the whole text with ``\\n`` line ends and no byte order mark.
        sha256: hexadecimal hash of the file's bytes.
    """

    source: str
    title: str
    text: str
    sha256: str

    @property
    def is_markdown(self) -> bool:
        """Whether the text is Markdown, by the file's suffix."""
        return PurePosixPath(self.source).suffix.lower() in _MARKDOWN

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to read in it."""
        return not self.text.strip()


def parse_document(source: str, data: bytes) -> Document:
    """The document that the bytes of one file hold.

    Args:
        source: POSIX path of the file, relative to its folder; the suffix tells the kind.
        data: the file's bytes, UTF-8 with or without a byte order mark.

    Raises:
        DocumentError: the bytes are not UTF-8; the message names the first bad byte.
    """
    try:
        # Not "utf-8-sig": it would count offsets from behind the byte order mark.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{source} is not UTF-8: byte {data[error.start]:#04x} at offset {error.start}",
            hint="save the file as UTF-8, or move it out of the folder",
            param="source",
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    path = PurePosixPath(source)
    title = _title(text, markdown=path.suffix.lower() in _MARKDOWN) or path.stem
    return Document(source, title, text, hashlib.sha256(data).hexdigest())


def read_folder(folder: Path) -> list[Document]:
    """Every document under ``folder``, sorted by source; hidden files are left out.

    A single file of a known kind is read as the only document of its folder. Blank files are
    kept (``Document.is_blank``), so that the caller can say that it skipped them.

    Raises:
        DocumentError: the folder is missing, holds no document with text in it, or one of its
            files cannot be read as UTF-8.
    """
    if folder.is_file():
        if folder.suffix.lower() not in _SUFFIXES:
            raise DocumentError(
                f"{folder} is not a document", hint=f"known kinds: {_KINDS}", param="folder"
            )
        root, paths = folder.parent, [folder]
    elif folder.is_dir():
        root, paths = folder, _document_paths(folder)
    else:
        raise DocumentError(f"there is no folder {folder}", hint="check the path", param="folder")
    documents = [_read(root, path) for path in paths]
    if all(document.is_blank for document in documents):
        found = "only empty documents" if documents else "no documents"
        raise DocumentError(
            f"{found} in {folder}", hint=f"put {_KINDS} files with text into it", param="folder"
        )
    return sorted(documents, key=lambda document: document.source)


def _document_paths(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]


def _read(root: Path, path: Path) -> Document:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"cannot read {path}: {error.strerror}", hint="check its permissions", param="folder"
        ) from error
    return parse_document(path.relative_to(root).as_posix(), data)


def _title(text: str, *, markdown: bool) -> str:
    if markdown and (headings := find_headings(split_lines(text))):
        return headings[0].title
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return first if len(first) <= _LONGEST_TITLE else ""
