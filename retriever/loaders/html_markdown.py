"""Clean HTML as Markdown, which keeps its headings, lists, tables and code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from selectolax.lexbor import LexborNode

__all__ = ["to_markdown"]

_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")
_LINE_END_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)


def to_markdown(node: LexborNode) -> str:
    """The Markdown of an element: links as their text, without pictures.

    HTML that is nested too deeply for the converter gives its bare text.
    """
    try:
        text = _convert(node.html or "")
    except RecursionError:
        text = node.text(separator="\n", strip=True, skip_empty=True)
    return _BLANK_LINES.sub("\n\n", _LINE_END_SPACE.sub("", text)).strip()


def _convert(html: str) -> str:
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(html, "html.parser")
    _unwrap_layout(soup)
    for cell in soup.find_all(["td", "th"]):
        for string in cell.find_all(string=True):
            if "|" in string:
                string.replace_with(string.replace("|", r"\|"))
    converter = MarkdownConverter(
        heading_style="atx",
        bullets="-",
        strip=["a", "img", "video"],
        escape_asterisks=False,  # they are searched for as they are read
        escape_underscores=False,
        table_infer_header=True,
    )
    return str(converter.convert_soup(soup))


def _unwrap_layout(soup: BeautifulSoup) -> None:
    """Tables that only place things on the page, as in mails, become paragraphs."""
    for table in soup.find_all("table"):
        if table.find("table") or all(_is_single(row) for row in table.find_all("tr")):
            for tag in [table, *table.find_all(["tbody", "thead", "tfoot", "tr", "td", "th"])]:
                if tag is table or tag.find_parent("table") is None:
                    tag.name = "div"


def _is_single(row: Tag) -> bool:
    return len(row.find_all(["td", "th"])) < 2
