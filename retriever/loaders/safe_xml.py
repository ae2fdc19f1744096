"""XML without document type definitions: these can name files, and can grow without limit."""

from __future__ import annotations

from io import BytesIO
from typing import IO
from xml.etree.ElementTree import Element, fromstring
from xml.parsers import expat
from zipfile import ZipFile

from retriever.errors import DocumentError

__all__ = ["find_text", "parse_xml", "refuse_definitions"]

_PIECE = 65536  # bytes that are read at a time


class _ReachedContentError(Exception):
    """The first element: a definition cannot stand behind it."""


def parse_xml(data: bytes, name: str) -> Element:
    """The root element.

    Raises:
        DocumentError: it has a document type definition.
        xml.etree.ElementTree.ParseError: it is not XML.
    """
    _check(BytesIO(data), name)
    return fromstring(data)  # noqa: S314 - it defines no entities


def refuse_definitions(archive: ZipFile, name: str) -> None:
    """Makes sure that no file of an Office archive has a document type definition.

    Raises:
        DocumentError: one has.
    """
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            _check(stream, name)


def find_text(root: Element, tag: str) -> str:
    """The text of the first element with this name in any namespace, else empty."""
    found = root.find(f".//{{*}}{tag}")
    return "" if found is None else " ".join("".join(found.itertext()).split())


def _check(stream: IO[bytes], name: str) -> None:
    def refuse(*_: object) -> None:
        raise DocumentError(
            f"{name} has a document type definition in its XML, which is not read",
            hint="save it again with the program that it is for",
            param="source",
        )

    def stop(*_: object) -> None:
        raise _ReachedContentError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        while piece := stream.read(_PIECE):
            parser.Parse(piece)
    except (_ReachedContentError, expat.ExpatError):
        return  # what is not XML, such as a picture, defines nothing
