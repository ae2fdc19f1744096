"""Checks on a GGUF file before any backend sees it."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from probes.errors import ModelError

__all__ = ["check_gguf", "file_sha256", "gguf_sha256", "gguf_shards"]

_MAGIC = b"GGUF"
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def check_gguf(path: Path) -> None:
    """Make sure that ``path`` is a readable GGUF file.

    Raises:
        ModelError: it is missing, a folder, unreadable, or no GGUF file.
    """
    shard = _SHARD.fullmatch(path.name)
    if not path.exists():
        if shard is not None:
            raise ModelError(
                f"{path} is missing: the model lies in {int(shard['count'])} files",
                hint="put all of them into one folder",
                param="model",
            )
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


def gguf_shards(path: Path) -> list[Path]:
    """The files of a model, in order, whichever of them is named; most models lie in one.

    Whether they are there is for :func:`check_gguf` to say.
    """
    found = _SHARD.fullmatch(path.name)
    if found is None:
        return [path]
    count = int(found["count"])
    names = (f"{found['stem']}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1))
    return [path.with_name(name) for name in names] or [path]


def gguf_sha256(path: Path) -> str:
    """The sha256 of a model's file; of one in several files, over their hashes."""
    shards = gguf_shards(path)
    if len(shards) == 1:
        return file_sha256(path)
    lines = "".join(f"{shard.name} {file_sha256(shard)}\n" for shard in shards)
    return hashlib.sha256(lines.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The sha256 of a file as 64 hex digits; read again only when the file has changed."""
    return _sha256(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _sha256(path: Path, _changed: int) -> str:
    """Who loads a model needs it twice, and a model takes long to read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
