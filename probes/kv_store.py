"""Cache cells of texts that stood behind the same prompt before, so that none is prefilled twice.

What a model computes of a chunk depends on the tokens before it and on nothing else. Behind the
same prefix its cells are therefore the same for every question. They are kept in memory and, where
a folder is given, on disk; in both the least recently used go first.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diskcache
from cachetools import LRUCache

from overlay.errors import ResourceError
from probes.protocol import Model, Session

__all__ = ["KVStore"]


class KVStore:
    """Kept cells. Close it, or use it as a context manager.

    Several processes may share a folder.

    Args:
        memory: bytes kept in memory at most.
        folder: where cells are kept on disk; None for memory only.
        disk: bytes kept there at most.

    Raises:
        ResourceError: the folder cannot be used.
    """

    def __init__(self, memory: int, folder: Path | None = None, disk: int = 0) -> None:
        self._memory: LRUCache[str, bytes] = LRUCache(memory, getsizeof=len)
        self._disk: diskcache.Cache | None = None
        if folder is not None and disk > 0:
            try:
                self._disk = diskcache.Cache(
                    str(folder),
                    disk=_Bytes,
                    size_limit=disk,
                    eviction_policy="least-recently-used",
                )
            except (OSError, sqlite3.Error) as error:
                raise ResourceError(
                    f"kept cells cannot be written to {folder}: {error}",
                    hint="free some room there, or set kv_disk to 0",
                    param="kv_disk",
                ) from error

    def extend_many(
        self, model: Model, sessions: Sequence[Session], texts: Sequence[Sequence[int]]
    ) -> None:
        """Extend each session by a text and evaluate it, but for its last token.

        What is kept is taken, and what is not is kept from now on.
        """
        missing = []
        for session, text in zip(sessions, texts, strict=True):
            key = _key(model, session, text)
            start = max(len(session.tokens) - 1, 0)
            cells = self._get(key)
            if cells is None:
                session.extend(text)
                missing.append((session, start, key))
            elif not session.extend_saved(text, cells):
                missing.append((session, start, key))
        model.flush([session for session, _, _ in missing])
        for session, start, key in missing:
            stop = len(session.tokens) - 1
            if start < stop:
                self._put(key, session.save(start, stop))

    @property
    def held(self) -> int:
        """Bytes held in memory."""
        return int(self._memory.currsize)

    @property
    def on_disk(self) -> int:
        """Bytes held on disk."""
        return 0 if self._disk is None else int(self._disk.volume())

    def close(self) -> None:
        """Close the files."""
        if self._disk is not None:
            self._disk.close()

    def __enter__(self) -> KVStore:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _get(self, key: str) -> bytes | None:
        cells = self._memory.get(key)
        if cells is None and self._disk is not None:
            cells = self._disk.get(key)
            if cells is not None:
                self._remember(key, cells)
        return cells

    def _put(self, key: str, cells: bytes) -> None:
        self._remember(key, cells)
        if self._disk is not None:
            self._disk.set(key, cells)

    def _remember(self, key: str, cells: bytes) -> None:
        if len(cells) <= self._memory.maxsize:
            self._memory[key] = cells


class _Bytes(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Bytes only: a pickle that somebody else put into the folder is not loaded."""

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == diskcache.core.MODE_PICKLE:
            return None
        return super().fetch(mode, filename, value, read)


def _key(model: Model, session: Session, text: Sequence[int]) -> str:
    digest = hashlib.sha256(model.fingerprint.encode())
    for tokens in (session.tokens, text):
        digest.update(b"\0" + ",".join(map(str, tokens)).encode())
    return digest.hexdigest()
