"""Files to text: one module a format, each with a function :data:`Loader`.

A format is chosen by the file's suffix. Its library is imported when a file of it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePosixPath

from retriever.content import Content

__all__ = ["Loader", "is_known", "known_suffixes", "load"]

Loader = Callable[[bytes, str], Content]
"""Takes a file's bytes and its name; raises DocumentError where they are not of the format."""

_MODULES = {
    "markdown": (".md", ".markdown"),
    "plain": (".txt",),
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

    Raises:
        DocumentError: the suffix is not known, or the file is not what it says.
    """
    module = import_module(f"{__name__}.{_BY_SUFFIX[PurePosixPath(name).suffix.lower()]}")
    content: Content = module.load(data, name)
    return content
