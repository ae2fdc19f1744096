"""Web pages: what a reader came for, without menus and scripts, as Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retriever.content import Content, Format, Part
from retriever.dates import find_date
from retriever.loaders.broken import reading
from retriever.loaders.text_decoding import decode

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Page", "load", "parse_page", "read_page"]

_NOISE = (
    "script, style, noscript, template, svg, iframe, nav, aside, footer, button, select, textarea"
)
_HIDDEN = '[hidden], [aria-hidden="true"]'
_NOT_SHOWN = re.compile(r"\b(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_MOST = 0.5  # share of the page's text that makes an element the page's content
_HEAD = 4096  # bytes in which a page declares its encoding
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A web page, or a chapter of a book.

    Attributes:
        text: Markdown.
        title: that it gives itself, else its first heading of the top level; empty without.
        date: ISO 8601; empty where it gives none.
    """

    text: str
    title: str
    date: str


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`."""
    page = read_page(data, name)
    return Content((Part(page.text, Format.MARKDOWN),), page.title, page.date)


def read_page(data: bytes, name: str) -> Page:
    """What stands in the HTML of a file.

    Raises:
        DocumentError: the bytes are not text.
    """
    declared = _CHARSET.search(data[:_HEAD])
    return parse_page(decode(data, name, declared[1].decode("ascii") if declared else ""), name)


def parse_page(html: str, name: str) -> Page:
    """What stands in HTML.

    Raises:
        DocumentError: it cannot be parsed.
    """
    from selectolax.lexbor import LexborHTMLParser

    from retriever.loaders.html_markdown import to_markdown

    with reading(name, "HTML file"):
        tree = LexborHTMLParser(html)
        title, day = _title(tree), _date(tree)  # before the page's header is dropped
        body = tree.body
        if body is None:
            return Page("", title, day)
        _drop_noise(body)
        return Page(to_markdown(_content(body)), title, day)


def _title(tree: LexborHTMLParser) -> str:
    for selector in ("head title", "h1"):
        node = tree.css_first(selector)
        if node and (text := " ".join(node.text().split())):
            return text
    return ""


def _date(tree: LexborHTMLParser) -> str:
    for selector, attribute in (
        ('meta[property="article:published_time"]', "content"),
        ("time[datetime]", "datetime"),
    ):
        node = tree.css_first(selector)
        if node and (day := find_date(node.attributes.get(attribute) or "")):
            return day
    return ""


def _drop_noise(body: LexborNode) -> None:
    noise = [*body.css(_NOISE), *body.css(_HIDDEN)]
    noise += [node for node in body.css("header") if not _is_inside_content(node)]
    noise += [
        node
        for node in body.css("[style]")
        if _NOT_SHOWN.search(node.attributes.get("style") or "")
    ]
    _drop(noise)
    # Some systems wrap the whole page into a form.
    whole = _length(body)
    _drop([node for node in body.css("form") if _length(node) < _MOST * whole])


def _drop(nodes: list[LexborNode]) -> None:
    """Innermost first: a node must not be touched once the one around it is freed."""
    unique = {node.mem_id: node for node in nodes}
    for node in sorted(unique.values(), key=lambda node: len(_around(node)), reverse=True):
        node.decompose()


def _around(node: LexborNode) -> list[LexborNode]:
    around: list[LexborNode] = []
    parent = node.parent
    while parent is not None:
        around.append(parent)
        parent = parent.parent
    return around


def _is_inside_content(node: LexborNode) -> bool:
    """Whether it is the header of an article, which names it, and not that of the site."""
    return any(outer.tag in {"main", "article"} for outer in _around(node))


def _content(body: LexborNode) -> LexborNode:
    whole = _length(body)
    for selector in ("main", '[role="main"]', "article"):
        node = body.css_first(selector)
        if node and _length(node) >= _MOST * whole:
            return node
    return body


def _length(node: LexborNode) -> int:
    return len("".join(node.text().split()))
