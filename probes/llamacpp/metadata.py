"""What a GGUF file says of itself, read without its weights."""

from __future__ import annotations

import ctypes
from pathlib import Path

import llama_cpp

from probes.errors import ModelError
from probes.gguf import check_gguf
from probes.llamacpp.log import route_log

__all__ = ["read_metadata"]

_LONGEST = 256  # bytes of a value; templates and lists of tokens are longer, and not asked for


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a model file as text, long values cut. Takes a part of a second.

    Raises:
        ModelError: it is no GGUF file, is cut short, or of an architecture that is not known.
    """
    check_gguf(path)
    route_log()
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise ModelError(
            f"llama.cpp cannot read {path}",
            hint="the file may be cut short, or newer than the installed llama-cpp-python",
            param="model",
        )
    try:
        return dict(
            _value(model, place) for place in range(llama_cpp.llama_model_meta_count(model))
        )
    finally:
        llama_cpp.llama_model_free(model)


def _value(model: llama_cpp.llama_model_p, place: int) -> tuple[str, str]:
    key, value = ctypes.create_string_buffer(_LONGEST), ctypes.create_string_buffer(_LONGEST)
    llama_cpp.llama_model_meta_key_by_index(model, place, key, _LONGEST)
    llama_cpp.llama_model_meta_val_str_by_index(model, place, value, _LONGEST)
    return key.value.decode("utf-8", "replace"), value.value.decode("utf-8", "replace")
