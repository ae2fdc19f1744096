"""A folder of files, read as documents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retriever.content import Part
from retriever.errors import DocumentError
from retriever.loaders import is_known, known_suffixes, load

__all__ = ["Document", "parse_document", "read_folder"]

_KINDS = ", ".join(f"*{suffix}" for suffix in known_suffixes())


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text.

    Attributes:
        source: POSIX path relative to the folder that was read.
        title: that the file gives itself, else its name without the suffix.
        parts: the text, see :class:`retriever.content.Part`.
        sha256: hexadecimal hash of the file's bytes.
        date: see :class:`retriever.content.Content`.
    """

    source: str
    title: str
    parts: tuple[Part, ...]
    sha256: str
    date: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(part.text for part in self.parts)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to read in it."""
        return all(part.is_blank for part in self.parts)


def parse_document(source: str, data: bytes) -> Document:
    """The document that the bytes of one file hold.

    Args:
        source: POSIX path of the file, relative to its folder; the suffix tells the format.
        data: the file's bytes.

    Raises:
        DocumentError: the bytes are not of that format.
    """
    path = PurePosixPath(source)
    content = load(data, source)
    digest = hashlib.sha256(data).hexdigest()
    return Document(source, content.title or path.stem, content.parts, digest, content.date)


def read_folder(folder: Path) -> list[Document]:
    """Every document under ``folder``, sorted by source; hidden files are left out.

    A single file of a known kind is read as the only document of its folder. Blank files are
    kept (``Document.is_blank``), so that the caller can say that it skipped them.

    Raises:
        DocumentError: the folder is missing, holds no document with text in it, or one of its
            files cannot be read as UTF-8.
    """
    if folder.is_file():
        if not is_known(folder.name):
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
        if is_known(path.name)
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
