"""Loading llama.cpp models and contexts."""

from __future__ import annotations

import re
from pathlib import Path

import llama_cpp

from probes.errors import ModelError
from probes.gguf import gguf_shards
from probes.llamacpp.cells import SEQUENCES
from probes.llamacpp.checks import check_file
from probes.llamacpp.log import ERRORS, route_log
from probes.llamacpp.tap import LayerTap

__all__ = ["load_context", "load_model"]

_NO_VOCABULARY = 0
_FUNCTION = re.compile(r"^[\w:~]+: ")
_UNKNOWN = re.compile(r"unknown model architecture: '(.*?)'")


def load_model(path: Path, *, gpu_layers: int) -> llama_cpp.llama_model_p:
    """Load a GGUF file; ``gpu_layers`` of it go to the GPU, -1 for all.

    Of a model in several files, any may be named.

    Raises:
        ModelError: a file is missing or broken, or no language model that can be rolled back.
    """
    route_log()
    check_file(path)
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    ERRORS.clear()
    model: llama_cpp.llama_model_p | None = llama_cpp.llama_model_load_from_file(
        str(gguf_shards(path)[0]).encode(), params
    )
    if not model:
        raise _not_loaded(path)
    why = _unfit(model)
    if why:
        llama_cpp.llama_model_free(model)
        raise ModelError(
            f"{path.name} {why}",
            hint="choose a transformer model that writes from left to right, such as Llama, Qwen, "
            "Gemma or Mistral",
            param="model",
        )
    return model


def _not_loaded(path: Path) -> ModelError:
    """The error of a file that llama.cpp refuses, with what it says of it."""
    said = [_FUNCTION.sub("", line) for line in ERRORS]
    unknown = next((found[1] for line in said if (found := _UNKNOWN.search(line))), None)
    if unknown is not None:
        return ModelError(
            f"{path.name} is of the architecture {unknown!r}, which this llama.cpp does not know",
            hint="upgrade llama-cpp-python, or choose another model",
            param="model",
        )
    # The first line tells the cause, the others who passed it on.
    why = f": {said[0]}" if said else ""
    return ModelError(
        f"llama.cpp cannot load {path}{why}",
        hint="the file may be broken: fetch it again; or newer than the installed "
        "llama-cpp-python: upgrade it",
        param="model",
    )


def _unfit(model: llama_cpp.llama_model_p) -> str:
    """Why a model that was loaded cannot answer; empty where it can."""
    if llama_cpp.llama_vocab_type(llama_cpp.llama_model_get_vocab(model)) == _NO_VOCABULARY:
        return "has no vocabulary: it cannot read text"
    if llama_cpp.llama_model_has_encoder(model) or not llama_cpp.llama_model_has_decoder(model):
        return "has an encoder, and cannot go on with a text"
    if llama_cpp.llama_model_is_diffusion(model):
        return "is a diffusion model, which does not write from left to right"
    if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
        return "is a recurrent model, whose state cannot be rolled back"
    return ""


def load_context(
    model: llama_cpp.llama_model_p,
    tap: LayerTap,
    *,
    cache_tokens: int,
    batch_tokens: int,
    micro_batch_tokens: int,
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
    params.n_seq_max = SEQUENCES
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
