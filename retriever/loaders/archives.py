"""Zip archives, as most office formats are, opened with care."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from retriever.errors import DocumentError
from retriever.loaders.broken import reading
from retriever.loaders.safe_xml import refuse_definitions

__all__ = ["check_office_file", "open_archive"]

_LARGEST = 500_000_000  # bytes when unpacked
_ENCRYPTED = 0x1  # bit of an entry's flags
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old Office files and those with a password begin


def open_archive(data: bytes, name: str) -> ZipFile:
    """The archive, for the caller to close.

    Raises:
        DocumentError: it is no zip archive, is encrypted, or unpacks to more than 500 MB.
    """
    if data.startswith(_OLE):
        raise DocumentError(
            f"{name} is encrypted, or of an old Office format",
            hint="save it without a password in a format of Office 2007 or later",
            param="source",
        )
    with reading(name, "archive"):
        archive = ZipFile(BytesIO(data))
    try:
        _check(archive, name)
    except DocumentError:
        archive.close()
        raise
    return archive


def check_office_file(data: bytes, name: str) -> None:
    """Makes sure that a Word, PowerPoint or Excel file is safe to give to its library.

    Raises:
        DocumentError: as :func:`open_archive`; also where its XML has definitions.
    """
    with open_archive(data, name) as archive, reading(name, "archive"):
        refuse_definitions(archive, name)


def _check(archive: ZipFile, name: str) -> None:
    entries = archive.infolist()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise DocumentError(
            f"{name} is encrypted", hint="save it without a password", param="source"
        )
    # A reader stops at the size that an entry declares, so the sum can be trusted.
    size = sum(entry.file_size for entry in entries)
    if size > _LARGEST:
        raise DocumentError(
            f"{name} unpacks to {size / 1e6:.0f} MB; at most {_LARGEST / 1e6:.0f} MB are read",
            hint="split it into smaller files, or move it out of the folder",
            param="source",
        )
