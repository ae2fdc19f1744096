"""Files of every kind that can be read, made of sections by the libraries that write them."""

from __future__ import annotations

import csv
import json
import mailbox
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from eval.bench import made_office_files as office
from eval.bench.made_sections import Section
from retriever.loaders.languages import LANGUAGES

__all__ = ["make_file"]

_Maker = Callable[[str, Sequence[Section]], bytes]

_HASH = ["bash", "ini", "julia", "perl", "powershell", "python", "r", "ruby", "toml", "yaml"]
_DASHES = ("lua", "sql")
_AROUND = {"css": ("/* ", " */"), "xml": ("<!-- ", " -->"), "batch": ("rem ", "")}


@dataclass(frozen=True, slots=True)
class _Markup:
    """What stands before a heading, and whether a line of marks stands below it."""

    before: str
    after: str = ""
    below: str = ""


_MARKUP = {
    ".adoc": _Markup("== "),
    ".asciidoc": _Markup("== "),
    ".log": _Markup(""),
    ".org": _Markup("* "),
    ".rst": _Markup("", below="="),
    ".tex": _Markup(r"\section{", "}"),
    ".text": _Markup(""),
    ".txt": _Markup(""),
}


def make_file(suffix: str, title: str, sections: Sequence[Section]) -> bytes:
    """A file with a title where its format has one, and a page, slide, ... for each section.

    Args:
        suffix: one of :func:`retriever.loaders.known_suffixes`.

    Raises:
        ResourceError: the library that writes the format is not installed.
    """
    if suffix in LANGUAGES:
        return _code(LANGUAGES[suffix], title, sections)
    if suffix in _MARKUP:
        return _text(_MARKUP[suffix], sections)
    return _MAKERS[suffix](title, sections)


def _text(markup: _Markup, sections: Sequence[Section]) -> bytes:
    blocks: list[str] = []
    for section in sections:
        below = f"\n{markup.below * len(section.heading)}" if markup.below else ""
        blocks.append(f"{markup.before}{section.heading}{markup.after}{below}")
        blocks += section.paragraphs
    return ("\n\n".join(blocks) + "\n").encode()


def _markdown(title: str, sections: Sequence[Section]) -> bytes:
    front = f"---\ntitle: {json.dumps(title)}\ndate: 2024-03-12\n---\n\n"
    return (front + _markdown_of(sections, "##")).encode()


def _markdown_of(sections: Sequence[Section], mark: str) -> str:
    blocks = [block for one in sections for block in (f"{mark} {one.heading}", *one.paragraphs)]
    return "\n\n".join(blocks) + "\n"


def _html(title: str, sections: Sequence[Section]) -> bytes:
    menu = "<nav><a href='/'>Home</a></nav><script>let a = 1;</script>"
    body = f"{menu}<main>{''.join(map(_html_of, sections))}</main>"
    head = f"<head><meta charset='utf-8'><title>{escape(title)}</title></head>"
    return f"<!DOCTYPE html><html>{head}<body>{body}</body></html>".encode()


def _html_of(section: Section) -> str:
    paragraphs = "".join(f"<p>{escape(text)}</p>\n" for text in section.paragraphs)
    return f"<h2>{escape(section.heading)}</h2>\n{paragraphs}"


def _table(delimiter: str) -> _Maker:
    def make(_title: str, sections: Sequence[Section]) -> bytes:
        out = StringIO()
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(("topic", "note"))
        writer.writerows((one.heading, text) for one in sections for text in one.paragraphs)
        return out.getvalue().encode()

    return make


def _json(title: str, sections: Sequence[Section]) -> bytes:
    return json.dumps({"title": title, "notes": list(_records(sections))}, indent=1).encode()


def _json_lines(_title: str, sections: Sequence[Section]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in _records(sections)).encode()


def _records(sections: Sequence[Section]) -> Iterator[dict[str, object]]:
    for one in sections:
        yield {"topic": one.heading, "text": " ".join(one.paragraphs)}


def _notebook(_title: str, sections: Sequence[Section]) -> bytes:
    cells: list[dict[str, object]] = []
    for section in sections:
        source = _markdown_of([section], "#")
        cells.append({"cell_type": "markdown", "metadata": {}, "source": source})
        cells.append(
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": 1,
                "source": f"len({section.heading!r})",
                "outputs": [],
            }
        )
    metadata = {"kernelspec": {"language": "python", "name": "python3", "display_name": "Python"}}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(book).encode()


def _message(section: Section) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "a@example.org"
    message["To"] = "b@example.org"
    message["Date"] = "Tue, 12 Mar 2024 09:00:00 +0000"
    message["Subject"] = section.heading
    message.set_content("\n\n".join(section.paragraphs) + "\n")
    return message


def _mail(title: str, sections: Sequence[Section]) -> bytes:
    """One message: its headings are lines of it."""
    lines = [text for one in sections for text in (one.heading, *one.paragraphs)]
    return _message(Section(title, tuple(lines))).as_bytes()


def _mailbox(_title: str, sections: Sequence[Section]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.mbox"
        box = mailbox.mbox(path)
        for section in sections:
            box.add(_message(section))
        box.close()
        return path.read_bytes()


_CONTAINER = (
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container' version='1.0'>"
    "<rootfiles><rootfile full-path='book.opf' media-type='application/oebps-package+xml'/>"
    "</rootfiles></container>"
)


def _book(title: str, sections: Sequence[Section]) -> bytes:
    numbers = range(len(sections))
    items = "".join(
        f"<item id='c{n}' href='c{n}.xhtml' media-type='application/xhtml+xml'/>" for n in numbers
    )
    spine = "".join(f"<itemref idref='c{n}'/>" for n in numbers)
    package = (
        "<package xmlns='http://www.idpf.org/2007/opf' version='3.0'>"
        "<metadata xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<dc:title>{escape(title)}</dc:title></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("book.opf", package)
        for n, section in enumerate(sections):
            body = _html_of(section).replace("h2>", "h1>")
            archive.writestr(f"c{n}.xhtml", f"<html><body>{body}</body></html>")
    return stream.getvalue()


def _code(language: str, title: str, sections: Sequence[Section]) -> bytes:
    if language == "python":
        return f'"""{title}."""\n\n\n{_functions(sections)}'.encode()
    before, after = _comment(language)
    lines = ["<notes>"] if language == "xml" else []
    for section in sections:
        for text in (section.heading, *section.paragraphs):
            lines += [f"{before}{line}{after}" for line in textwrap.wrap(text, 90)]
        lines.append("")
    lines += ["</notes>"] if language == "xml" else []
    return ("\n".join(lines) + "\n").encode()


def _comment(language: str) -> tuple[str, str]:
    if language in _AROUND:
        return _AROUND[language]
    if language in _DASHES:
        return "-- ", ""
    return ("# ", "") if language in _HASH else ("// ", "")


def _functions(sections: Sequence[Section]) -> str:
    made = []
    for section in sections:
        name = "_".join("".join(c if c.isalnum() else " " for c in section.heading).split()).lower()
        text = "\n\n".join(
            textwrap.fill(one, 90, initial_indent="    ", subsequent_indent="    ")
            for one in section.paragraphs
        )
        made.append(
            f'def {name}() -> int:\n    """{section.heading}.\n\n{text}\n    """\n'
            f"    return {len(text)}\n"
        )
    return "\n\n".join(made)


_MAKERS: dict[str, _Maker] = {
    ".csv": _table(","),
    ".docx": office.word_document,
    ".eml": _mail,
    ".epub": _book,
    ".htm": _html,
    ".html": _html,
    ".ipynb": _notebook,
    ".json": _json,
    ".jsonl": _json_lines,
    ".markdown": _markdown,
    ".mbox": _mailbox,
    ".md": _markdown,
    ".mdx": _markdown,
    ".ndjson": _json_lines,
    ".pdf": office.pdf_file,
    ".pptx": office.presentation,
    ".tsv": _table("\t"),
    ".xhtml": _html,
    ".xlsm": office.workbook,
    ".xlsx": office.workbook,
}
