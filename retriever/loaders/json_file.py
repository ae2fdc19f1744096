"""JSON, of which every value becomes a line that says where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from retriever.content import Content, Part
from retriever.dates import find_date
from retriever.errors import DocumentError
from retriever.loaders.broken import reading
from retriever.loaders.text_decoding import decode

__all__ = ["load", "parse"]


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. In a list of objects, or of lines, each is a part."""
    text = decode(data, name)
    if not text.strip():
        return Content(())
    with reading(name, "JSON file"):
        if PurePosixPath(name).suffix.lower() in {".jsonl", ".ndjson"}:
            lines = enumerate(text.split("\n"), start=1)
            return _records([parse(line, name, number) for number, line in lines if line.strip()])
        value = parse(text, name)
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return _records(value)
        fields = value if isinstance(value, dict) else {}
        title = fields.get("title")
        return Content(
            (Part(_render(value)),),
            title if isinstance(title, str) else "",
            find_date(str(fields.get("date", ""))),
        )


def parse(text: str, name: str, line: int = 1) -> Any:
    """The value that JSON describes.

    Args:
        text: JSON.
        name: of the file.
        line: of the file at which ``text`` begins.

    Raises:
        DocumentError: it is no JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {line + error.lineno - 1}, column {error.colno}"
        raise DocumentError(
            f"{name} is not a readable JSON file: {error.msg} at {place}",
            hint="correct it there, or move it out of the folder",
            param="source",
        ) from error


def _records(values: list[Any]) -> Content:
    parts = (
        Part(_render(value), place=f"record {number}")
        for number, value in enumerate(values, start=1)
    )
    return Content(tuple(part for part in parts if not part.is_blank))


def _render(value: Any) -> str:
    return "\n".join(f"{key}: {text}" if key else text for key, text in _leaves(value, ""))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Each value with the dotted path to it; lists of plain values in one; empty ones left out."""
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from _leaves(item, f"{key}.{inner}" if key else inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _leaves(item, f"{key}.{number}" if key else str(number))
    elif isinstance(value, list):
        if text := ", ".join(_scalar(item) for item in value):
            yield key, text
    elif text := _scalar(value):
        yield key, text


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)
