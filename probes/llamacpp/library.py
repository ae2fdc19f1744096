"""Loading llama.cpp models and contexts; llama.cpp's own log goes to Python's."""

from __future__ import annotations

import ctypes
import logging
from functools import cache
from pathlib import Path

import llama_cpp

from probes.errors import ModelError
from probes.gguf import check_gguf
from probes.llamacpp.tap import LayerTap

__all__ = ["load_context", "load_model", "route_log"]

_logger = logging.getLogger("probes.llamacpp")


@cache
def route_log() -> object:
    """Send llama.cpp's log to Python's, once. The result must stay referenced."""

    def forward(_level: int, text: bytes, _user_data: int | None) -> None:
        _logger.debug("%s", text.decode("utf-8", "replace").rstrip())

    callback = llama_cpp.llama_log_callback(forward)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return callback


def load_model(path: Path, *, gpu_layers: int) -> llama_cpp.llama_model_p:
    """Load a GGUF file; ``gpu_layers`` of it go to the GPU, -1 for all.

    Raises:
        ModelError: the file is missing, broken, or of an architecture without a rollback.
    """
    check_gguf(path)
    route_log()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    model: llama_cpp.llama_model_p | None = llama_cpp.llama_model_load_from_file(
        str(path).encode(), params
    )
    if not model:
        raise ModelError(
            f"llama.cpp cannot load {path}",
            hint="the file may be cut short, or newer than the installed llama-cpp-python",
            param="model",
        )
    if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
        llama_cpp.llama_model_free(model)
        raise ModelError(
            f"{path.name} is a recurrent model, whose state cannot be rolled back",
            hint="choose a transformer model",
            param="model",
        )
    return model


def load_context(
    model: llama_cpp.llama_model_p,
    tap: LayerTap,
    *,
    cache_tokens: int,
    batch_tokens: int,
    micro_batch_tokens: int,
    sequences: int,
    threads: int,
) -> llama_cpp.llama_context_p:
    """Make a context whose sequences share one KV cache of ``cache_tokens`` cells.

    Args:
        tap: gets the layers' outputs.
        batch_tokens: rows that a call takes at most.
        micro_batch_tokens: rows of these that go through the layers at once.

    Raises:
        ModelError: llama.cpp refuses, most often for lack of memory.
    """
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = cache_tokens
    params.n_batch = batch_tokens
    params.n_ubatch = micro_batch_tokens
    params.n_seq_max = sequences
    params.n_threads = threads
    params.n_threads_batch = threads
    # One buffer for all sequences: a fork then shares its parent's cells instead of copying.
    params.kv_unified = True
    # A rolled-back sliding window would otherwise have lost the cells before it.
    params.swa_full = True
    # Sessions that stand side by side in the cache are masked from each other: only flash attention
    # skips what is masked.
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO
    params.cb_eval = tap.callback
    context: llama_cpp.llama_context_p | None = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise ModelError(
            f"llama.cpp cannot allocate a cache of {cache_tokens} tokens",
            hint="lower the setting context_size",
            param="context_size",
        )
    return context
