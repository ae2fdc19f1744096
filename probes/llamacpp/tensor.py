"""A tensor of llama.cpp's compute graph: what it is made of, and its numbers.

ggml declares functions for little of this, so the struct itself is read. That it is laid out as
here is tried out before anything is taken from it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import ClassVar

import numpy as np

from probes.errors import ModelError
from probes.llamacpp.ggml import ggml_base
from probes.state import FloatArray

__all__ = ["Tensor"]

_DIMS, _SOURCES, _PARAMETERS, _NAME = 4, 10, 16, 64
_KINDS = {b"f32": np.float32, b"f16": np.float16, b"bf16": np.uint16}


class _Struct(ctypes.Structure):
    """``struct ggml_tensor`` of ggml.h."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * _DIMS),
        ("nb", ctypes.c_size_t * _DIMS),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * _PARAMETERS),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * _SOURCES),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * _NAME),
    ]


class Tensor:
    """A tensor, while the call that it belongs to is under way.

    Args:
        address: of ggml's struct.
    """

    def __init__(self, address: int) -> None:
        self._ggml = ggml_base()
        self._address = address

    @property
    def name(self) -> bytes:
        """What the graph calls it."""
        return bytes(self._ggml.ggml_get_name(self._address))

    @property
    def operation(self) -> bytes:
        """What it is computed by, such as ``SOFT_MAX``."""
        return bytes(self._ggml.ggml_op_desc(self._address))

    @property
    def shape(self) -> tuple[int, ...]:
        """Four sizes, the one whose numbers lie side by side last.

        Raises:
            ModelError: this ggml lays tensors out in another way than the one known here.
        """
        return tuple(self._struct.ne)[::-1]

    def source(self, place: int) -> Tensor | None:
        """What it is computed from; None where there is nothing.

        Raises:
            ModelError: as :attr:`shape`.
        """
        address = self._struct.src[place]
        return None if address is None else Tensor(address)

    def parameters(self, count: int) -> tuple[float, ...]:
        """The first numbers that its operation takes beside tensors.

        Raises:
            ModelError: as :attr:`shape`.
        """
        raw = bytes(self._struct.op_params)
        return tuple(np.frombuffer(raw, dtype=np.float32, count=count).tolist())

    def array(self) -> FloatArray:
        """A copy of its numbers, in the order of :attr:`shape`.

        Raises:
            ModelError: as :attr:`shape`, or they are quantized.
        """
        struct = self._struct
        kind = bytes(self._ggml.ggml_type_name(struct.type))
        if kind not in _KINDS:
            raise ModelError(f"{self.name.decode()} is of type {kind.decode()}")
        raw = np.empty(self._ggml.ggml_nbytes(self._address), dtype=np.uint8)
        self._ggml.ggml_backend_tensor_get(self._address, raw.ctypes.data, 0, raw.size)
        found = np.ndarray(self.shape, _KINDS[kind], raw, strides=tuple(struct.nb)[::-1])
        if kind == b"bf16":
            return (found.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(found, dtype=np.float32)

    @property
    def _struct(self) -> _Struct:
        struct = _Struct.from_address(self._address)
        at = _place_of_name()(self._address) - self._address
        count = int(np.prod(struct.ne))
        if at != _Struct.name.offset or count != self._ggml.ggml_nelements(self._address):
            raise ModelError("this llama.cpp lays out its tensors in an unknown way")
        return struct


@cache
def _place_of_name() -> Callable[[int], int]:
    """Where a tensor's name stands: ``ggml_get_name``, of which the address is taken."""
    kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
    return kind(("ggml_get_name", ggml_base()))
