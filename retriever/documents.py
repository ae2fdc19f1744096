"""One file as text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retriever.content import Content, Part
from retriever.errors import DocumentError
from retriever.files import list_files
from retriever.loaders import KINDS, load

__all__ = ["Document", "document_of", "parse_document", "read_folder"]


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text.

    Attributes:
        source: what it is called: POSIX path relative to the folder that was read.
        title: that the file gives itself, else its name without the suffix.
        parts: the text, see :class:`retriever.content.Part`.
        sha256: hexadecimal hash of the file's bytes.
        date: see :class:`retriever.content.Content`.
        path: absolute path of the file; empty where the text comes from elsewhere.
        root: absolute path of the folder that was read, likewise.
    """

    source: str
    title: str
    parts: tuple[Part, ...]
    sha256: str
    date: str = ""
    path: str = ""
    root: str = ""

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
    return document_of(source, load(data, source), hashlib.sha256(data).hexdigest())


def document_of(source: str, content: Content, sha256: str) -> Document:
    """A document of what a loader found."""
    title = content.title or PurePosixPath(source).stem
    return Document(source, title, content.parts, sha256, content.date)


def read_folder(folder: Path) -> list[Document]:
    """Every document under ``folder``, sorted by source, for a folder that is known to be sound.

    Files of unknown kinds are left out. Blank ones are kept (``Document.is_blank``).

    Raises:
        DocumentError: the folder is missing, holds no document with text in it, or one of its
            files cannot be read.
    """
    documents = []
    for file in list_files(folder).files:
        try:
            data = file.path.read_bytes()
        except OSError as error:
            raise DocumentError(
                f"cannot read {file.source}: {error.strerror}",
                hint="check its permissions",
                param="folder",
            ) from error
        documents.append(parse_document(file.source, data))
    if all(document.is_blank for document in documents):
        found = "only empty documents" if documents else "no documents"
        raise DocumentError(
            f"{found} in {folder}", hint=f"put files with text into it: {KINDS}", param="folder"
        )
    return documents
