"""The cells of llama.cpp's cache, by sequence: which are taken, copied, saved, and given back."""

from __future__ import annotations

import llama_cpp

from probes.errors import NoRoomError
from probes.llamacpp.saved import load_sequence, save_sequence

__all__ = ["PADDING", "SEQUENCES", "Cells"]

SEQUENCES = 64
PADDING = 0
"""The sequence of rows that are evaluated for company and dropped at once."""
_FORGOTTEN = 1
_RESERVED = (PADDING, _FORGOTTEN)


class Cells:
    """One cache that many sequences share.

    llama.cpp fills the first free cell, and attention adds up a sequence's cells in the order in
    which they lie. So that the same tokens are added up in the same order whatever else was asked,
    forgotten cells are kept until all sequences are given back, or the cache is full.

    Args:
        context: whose cache it is.
    """

    def __init__(self, context: llama_cpp.llama_context_p) -> None:
        self._context = context
        self._memory = llama_cpp.llama_get_memory(context)
        self._free = [number for number in range(SEQUENCES) if number not in _RESERVED]

    @property
    def free(self) -> int:
        """How many sequences can be taken."""
        return len(self._free)

    @property
    def can_shift(self) -> bool:
        """Whether keys can be turned to other positions."""
        return bool(llama_cpp.llama_memory_can_shift(self._memory))

    def take(self) -> int:
        """An empty sequence.

        Raises:
            NoRoomError: all are taken.
        """
        if not self._free:
            raise NoRoomError(
                f"all {SEQUENCES - len(_RESERVED)} sequences are in use",
                hint="close sessions that are done",
            )
        return self._free.pop()

    def give_back(self, sequence: int) -> None:
        """Empty a sequence that was taken."""
        self.forget(sequence, 0)
        self._free.append(sequence)
        if len(self._free) == SEQUENCES - len(_RESERVED):
            llama_cpp.llama_memory_clear(self._memory, False)
            self._free.sort()

    def copy(self, source: int, target: int, start: int, stop: int) -> None:
        """Let a sequence have the cells of another one at positions ``start`` to ``stop - 1``."""
        if start < stop:
            llama_cpp.llama_memory_seq_cp(self._memory, source, target, start, stop)

    def forget(self, sequence: int, position: int) -> None:
        """Drop a sequence's cells from a position on."""
        llama_cpp.llama_memory_seq_cp(self._memory, sequence, _FORGOTTEN, position, -1)
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, position, -1)

    def drop(self, sequence: int, position: int) -> None:
        """Free a sequence's cells from a position on, which are the last ones of the cache."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, position, -1)

    def drop_padding(self) -> None:
        """Free the cells of the padding, which are the last ones."""
        self.drop(PADDING, 0)

    def reclaim(self) -> None:
        """Free what was forgotten, for want of room."""
        llama_cpp.llama_memory_seq_rm(self._memory, _FORGOTTEN, 0, -1)

    def filled(self, sequence: int) -> int:
        """The position behind a sequence's last cell."""
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def save(self, sequence: int, start: int, stop: int) -> bytes:
        """Cells at positions ``start`` to ``stop - 1``, as llama.cpp writes them.

        Raises:
            NoRoomError: all sequences are taken.
        """
        part = self.take()
        try:
            self.copy(sequence, part, start, stop)
            return save_sequence(self._context, part)
        finally:
            self.give_back(part)

    def restore(self, sequence: int, place: int, span: tuple[int, int], cells: bytes) -> bool:
        """Give a sequence what was saved of the positions of ``span``, from ``place`` on.

        Keys are turned where those are others; whether that can be done is the caller's to ask.

        Returns:
            Whether there was room, and the bytes are what was saved.

        Raises:
            NoRoomError: all sequences are taken.
        """
        start, stop = span
        shift = place - start
        part = self.take()
        try:
            if not self._load(part, cells):
                return False
            first = llama_cpp.llama_memory_seq_pos_min(self._memory, part)
            if (first, self.filled(part)) != span:
                return False
            if shift:
                llama_cpp.llama_memory_seq_add(self._memory, part, start, stop, shift)
            self.copy(part, sequence, start + shift, stop + shift)
        finally:
            self.give_back(part)
        return True

    def _load(self, part: int, cells: bytes) -> bool:
        if load_sequence(self._context, part, cells):
            return True
        self.reclaim()
        return load_sequence(self._context, part, cells)
