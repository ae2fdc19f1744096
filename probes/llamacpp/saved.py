"""Cache cells of one sequence as bytes, and back."""

from __future__ import annotations

import ctypes

import llama_cpp

__all__ = ["load_sequence", "save_sequence"]

_Bytes = ctypes.POINTER(ctypes.c_uint8)


def save_sequence(context: llama_cpp.llama_context_p, sequence: int) -> bytes:
    """All cells of a sequence, as llama.cpp writes them."""
    size = llama_cpp.llama_state_seq_get_size(context, sequence)
    buffer = (ctypes.c_uint8 * size)()
    written = llama_cpp.llama_state_seq_get_data(
        context, ctypes.cast(buffer, _Bytes), size, sequence
    )
    return bytes(memoryview(buffer)[:written])


def load_sequence(context: llama_cpp.llama_context_p, sequence: int, cells: bytes) -> bool:
    """Put saved cells into an empty sequence.

    Returns:
        Whether llama.cpp found room and took the bytes for its own; the sequence stays empty if
        not.
    """
    buffer = ctypes.cast(ctypes.c_char_p(cells), _Bytes)
    read: int = llama_cpp.llama_state_seq_set_data(context, buffer, len(cells), sequence)
    return read == len(cells)
