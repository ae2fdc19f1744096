"""Word documents."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.loaders.archives import check_office_file
from retriever.loaders.broken import reading
from retriever.loaders.html import parse_page
from retriever.loaders.safe_xml import find_text, parse_xml

__all__ = ["load"]

_PROPERTIES = "docProps/core.xml"
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. Its pictures are left out."""
    check_office_file(data, name)
    with reading(name, "Word document"):
        import mammoth

        title, day = _properties(data, name)
        converted = mammoth.convert_to_html(
            BytesIO(data), convert_image=_no_picture, style_map=_STYLES
        )
        page = parse_page(converted.value, name)
    return Content((Part(page.text, Format.MARKDOWN),), title or page.title, day)


def _no_picture(_image: object) -> list[object]:
    return []


def _properties(data: bytes, name: str) -> tuple[str, str]:
    """Title and date; the date of a file without title is often that of its template."""
    with ZipFile(BytesIO(data)) as archive:
        if _PROPERTIES not in archive.namelist():
            return "", ""
        root = parse_xml(archive.read(_PROPERTIES), name)
    title = find_text(root, "title")
    if not title:
        return "", ""
    days = (title, find_text(root, "modified"), find_text(root, "created"))
    return title, find_date("\n".join(days))
