"""Checks on a GGUF file before any backend sees it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from probes.errors import ModelError

__all__ = ["check_gguf", "file_sha256"]

_MAGIC = b"GGUF"


def check_gguf(path: Path) -> None:
    """Make sure that ``path`` is a readable GGUF file.

    Raises:
        ModelError: it is missing, a folder, unreadable, or no GGUF file.
    """
    if not path.exists():
        raise ModelError(
            f"model file not found: {path}",
            hint="`overlay models` lists the packaged models; a path must lead to a .gguf file",
            param="model",
        )
    if path.is_dir():
        raise ModelError(
            f"model path is a folder: {path}",
            hint="name the .gguf file inside it",
            param="model",
        )
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"model file cannot be read: {path}: {error}", param="model") from error
    if magic != _MAGIC:
        raise ModelError(
            f"not a GGUF file: {path} starts with {magic!r}, not {_MAGIC!r}",
            hint="convert the model with llama.cpp's convert_hf_to_gguf.py, or download its GGUF",
            param="model",
        )


def file_sha256(path: Path) -> str:
    """The sha256 of a file as 64 hex digits; read again only when the file has changed."""
    return _sha256(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _sha256(path: Path, _changed: int) -> str:
    """Who loads a model needs it twice, and a model takes long to read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
