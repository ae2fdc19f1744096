"""Bytes to text, whatever their encoding."""

from __future__ import annotations

from retriever.errors import DocumentError

__all__ = ["decode"]


def decode(data: bytes, name: str) -> str:
    """The text of a file with ``\\n`` line ends and no byte order mark.

    Raises:
        DocumentError: the bytes are no text in any encoding that is known.
    """
    try:
        # Not "utf-8-sig": it would count offsets from behind the byte order mark.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{name} is not UTF-8: byte {data[error.start]:#04x} at offset {error.start}",
            hint="save the file as UTF-8, or move it out of the folder",
            param="source",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
