"""Program code and configuration."""

from __future__ import annotations

from pathlib import PurePosixPath

from retriever.content import Content, Format, Part
from retriever.loaders.languages import LANGUAGES
from retriever.loaders.text_decoding import decode

__all__ = ["load"]


def load(data: bytes, name: str) -> Content:
    """See :data:`retriever.loaders.Loader`. Titled by its file name."""
    path = PurePosixPath(name)
    language = LANGUAGES.get(path.suffix.lower(), "")
    part = Part(decode(data, name), Format.CODE, language=language)
    return Content((part,), path.name)
