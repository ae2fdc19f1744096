"""The part of ggml that llama-cpp-python ships and does not declare."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any, ClassVar

from llama_cpp._ggml import libggml_base_path

from probes.errors import ModelError

__all__ = ["GgufParams", "ggml_base"]

_GGUF: tuple[tuple[str, list[Any], Any], ...] = (
    ("gguf_free", [], None),
    ("gguf_find_key", [ctypes.c_char_p], ctypes.c_int64),
    ("gguf_get_kv_type", [ctypes.c_int64], ctypes.c_int),
    ("gguf_get_val_str", [ctypes.c_int64], ctypes.c_char_p),
    ("gguf_get_val_bool", [ctypes.c_int64], ctypes.c_bool),
    ("gguf_get_val_u16", [ctypes.c_int64], ctypes.c_uint16),
    ("gguf_get_val_u32", [ctypes.c_int64], ctypes.c_uint32),
    ("gguf_get_data_offset", [], ctypes.c_size_t),
    ("gguf_get_n_tensors", [], ctypes.c_int64),
    ("gguf_get_tensor_offset", [ctypes.c_int64], ctypes.c_size_t),
    ("gguf_get_tensor_size", [ctypes.c_int64], ctypes.c_size_t),
)


class GgufParams(ctypes.Structure):
    """How a GGUF file is opened: with or without its tensors."""

    _fields_: ClassVar = [("no_alloc", ctypes.c_bool), ("ctx", ctypes.c_void_p)]


@cache
def ggml_base() -> ctypes.CDLL:
    """The library, with the types of the functions that are used here.

    Raises:
        ModelError: it cannot be loaded.
    """
    suffix = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    stem = "ggml-base" if sys.platform == "win32" else "libggml-base"
    path = libggml_base_path / f"{stem}.{suffix}"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ModelError(
            f"llama-cpp-python's library cannot be loaded: {path}",
            hint="reinstall it with `pip install --force-reinstall --no-deps llama-cpp-python`",
        ) from error
    library.ggml_get_name.argtypes = [ctypes.c_void_p]
    library.ggml_get_name.restype = ctypes.c_char_p
    library.ggml_op_desc.argtypes = [ctypes.c_void_p]
    library.ggml_op_desc.restype = ctypes.c_char_p
    library.ggml_type_name.argtypes = [ctypes.c_int]
    library.ggml_type_name.restype = ctypes.c_char_p
    for function in (library.ggml_nelements, library.ggml_nbytes):
        function.argtypes = [ctypes.c_void_p]
    library.ggml_nelements.restype = ctypes.c_int64
    library.ggml_nbytes.restype = ctypes.c_size_t
    library.ggml_backend_tensor_get.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    ]
    library.ggml_backend_tensor_get.restype = None
    library.gguf_init_from_file.argtypes = [ctypes.c_char_p, GgufParams]
    library.gguf_init_from_file.restype = ctypes.c_void_p
    for name, kinds, returned in _GGUF:
        function = getattr(library, name)
        function.argtypes = [ctypes.c_void_p, *kinds]
        function.restype = returned
    return library
