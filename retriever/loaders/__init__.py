"""Files to text: one module a format, each with a function :data:`Loader`.

A format is chosen by the file's suffix. Its library is imported when a file of it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import PurePosixPath

from retriever.content import Content
from retriever.errors import DocumentError
from retriever.loaders.languages import LANGUAGES
from retriever.loaders.text_decoding import clean

__all__ = ["KINDS", "Loader", "is_known", "known_suffixes", "load"]

Loader = Callable[[bytes, str], Content]
"""Takes a file's bytes and its name; raises DocumentError where they are not of the format."""

KINDS = "Markdown, text, PDF, Word, PowerPoint, Excel, CSV, HTML, EPUB, mail, JSON, notebooks, code"
"""What can be read, for messages."""

_MODULES = {
    "csv_file": (".csv", ".tsv"),
    "docx": (".docx",),
    "email_file": (".eml",),
    "epub": (".epub",),
    "html": (".htm", ".html", ".xhtml"),
    "json_file": (".json", ".jsonl", ".ndjson"),
    "markdown": (".markdown", ".md", ".mdx"),
    "mbox": (".mbox",),
    "notebook": (".ipynb",),
    "pdf": (".pdf",),
    "plain": (".adoc", ".asciidoc", ".log", ".org", ".rst", ".tex", ".text", ".txt"),
    "pptx": (".pptx",),
    "source_code": tuple(LANGUAGES),
    "xlsx": (".xlsm", ".xlsx"),
}
_BY_SUFFIX = {suffix: module for module, suffixes in _MODULES.items() for suffix in suffixes}


def known_suffixes() -> tuple[str, ...]:
    """Suffixes of the files that can be read, sorted."""
    return tuple(sorted(_BY_SUFFIX))


def is_known(name: str) -> bool:
    """Whether a file of this name can be read."""
    return PurePosixPath(name).suffix.lower() in _BY_SUFFIX


def load(data: bytes, name: str) -> Content:
    """What stands in a file, by its name's suffix.

    No text of it holds control characters or lone surrogates, whatever its library let through.

    Raises:
        DocumentError: the suffix is not known, or the file is not what it says.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _BY_SUFFIX:
        raise DocumentError(
            f"{name} is of no known format",
            hint=f"what can be read: {KINDS}",
            param="source",
        )
    module = import_module(f"{__name__}.{_BY_SUFFIX[suffix]}")
    content: Content = module.load(data, name)
    parts = tuple(
        replace(part, text=clean(part.text), place=_one_line(part.place)) for part in content.parts
    )
    return replace(
        content, parts=parts, title=_one_line(content.title), note=_one_line(content.note)
    )


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
