"""Converted GGUF files: what a backend would rather read takes a while to make, once.

The cache holds one folder for each file and kind of conversion, named by the file's sha256. A
folder gets its name only when it is complete.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from probes.errors import ModelCacheError

__all__ = ["converted_folder", "default_model_cache"]


def default_model_cache() -> Path:
    """``overlay/models`` in the user's cache folder: ``XDG_CACHE_HOME``, or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "overlay" / "models"


def converted_folder(cache: Path, key: str, convert: Callable[[Path], None]) -> Path:
    """The folder of what ``convert`` makes, made now where it is not there yet.

    A second process waits for the first. What a killed one left unfinished is removed.

    Args:
        key: names the folder within the cache.
        convert: fills an empty folder.

    Raises:
        ModelCacheError: the cache cannot be written; ``convert``'s own errors pass through.
    """
    folder = cache / key
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{key}.lock"):
            if not folder.is_dir():
                _remove_unfinished(cache, key)
                _make(folder, convert)
    except OSError as error:
        raise ModelCacheError(
            f"the converted model cannot be written to {cache}: {error}",
            hint="free some room there, or set model_cache to another folder",
            param="model_cache",
        ) from error
    return folder


def _make(folder: Path, convert: Callable[[Path], None]) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        convert(unfinished)
        # One step on every file system: the folder is there whole, or not at all.
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _remove_unfinished(cache: Path, key: str) -> None:
    """Under the lock nobody else is at work, so every unfinished folder is a dead one's."""
    for unfinished in cache.glob(f".{key}.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
