"""Electronic books, chapter by chapter."""

from __future__ import annotations

from pathlib import PurePosixPath
from posixpath import join, normpath
from urllib.parse import unquote
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.headings import find_headings
from retriever.loaders.archives import open_archive
from retriever.loaders.broken import reading
from retriever.loaders.html import read_page
from retriever.loaders.safe_xml import find_text, parse_xml

__all__ = ["load"]

_CONTAINER = "META-INF/container.xml"
_CHAPTER_TYPES = {"application/xhtml+xml", "text/html"}


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. A part is a chapter."""
    with open_archive(data, name) as archive, reading(name, "EPUB"):
        path = _package_path(archive, name)
        package = parse_xml(archive.read(path), name)
        entries = set(archive.namelist())
        texts: list[str] = []
        missing: list[str] = []
        for chapter in _chapter_paths(package, str(PurePosixPath(path).parent)):
            if chapter not in entries:
                missing.append(chapter)
            elif text := read_page(archive.read(chapter), f"{name}: {chapter}").text:
                texts.append(text)
    parts = tuple(
        Part(text, Format.MARKDOWN, _heading(text) or f"chapter {number}")
        for number, text in enumerate(texts, start=1)
    )
    note = f"missing in the archive: {', '.join(missing)}" if missing else ""
    return Content(parts, find_text(package, "title"), find_date(find_text(package, "date")), note)


def _package_path(archive: ZipFile, name: str) -> str:
    root = parse_xml(archive.read(_CONTAINER), name).find(".//{*}rootfile")
    if root is None:
        raise ValueError(f"its {_CONTAINER} names no package")
    return unquote(root.get("full-path", ""))


def _chapter_paths(package: Element, folder: str) -> list[str]:
    """Paths of the chapters inside the archive, in the order of reading."""
    items = {
        item.get("id", ""): normpath(join(folder, unquote(item.get("href", "").partition("#")[0])))
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _CHAPTER_TYPES
        and "nav" not in item.get("properties", "").split()  # the table of contents
    }
    order = [item.get("idref", "") for item in package.iterfind(".//{*}spine/{*}itemref")]
    return [items[chapter] for chapter in order if chapter in items]


def _heading(text: str) -> str:
    return next(iter(find_headings(text)), "")
