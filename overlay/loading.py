"""Opens what the settings name: the model, and what is kept of chunks."""

from __future__ import annotations

from pathlib import Path

from overlay.chat_template import read_chat_template
from overlay.settings import Backend, Requantize, Rounding, Settings
from overlay.trial import try_out
from probes.kv_store import KVStore
from probes.model_cache import default_model_cache
from probes.protocol import Model

__all__ = ["load_model", "open_kv_store"]

_KV_FOLDER = "kv"
_MIB = 2**20


def load_model(settings: Settings) -> Model:
    """Load the model that the settings name.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
        SettingsError: the chat template cannot be read.
    """
    template = read_chat_template(settings.chat_template)
    # Imported here: loading either library takes a while, and not every caller needs it.
    from overlay.models import locate_model

    located = locate_model(settings.model, settings.backend)
    cache = settings.model_cache.expanduser() if settings.model_cache else default_model_cache()
    if isinstance(located.source, Path) and located.backend is Backend.LLAMACPP:
        from probes.llamacpp import LlamaCppModel
        from probes.llamacpp.checks import check_file
        from probes.llamacpp.requantized import faster_copy

        check_file(located.source)
        try_out(located.source, cache=cache, threads=settings.threads)
        copy = None
        if settings.requantize is Requantize.AUTO and settings.gpu_layers == 0:
            copy = faster_copy(located.source, cache=cache, threads=settings.threads)
        return LlamaCppModel(
            located.source,
            context_size=settings.context_size,
            threads=settings.threads,
            gpu_layers=settings.gpu_layers,
            chat_template=template,
            exact=settings.rounding is Rounding.EXACT,
            copy=copy,
        )
    from probes.transformers import TransformersModel

    return TransformersModel(
        located.source,
        context_size=settings.context_size,
        threads=settings.threads,
        device=settings.device,
        dtype=settings.dtype,
        quantize=settings.quantize,
        model_cache=cache,
        chat_template=template,
    )


def open_kv_store(settings: Settings) -> KVStore | None:
    """Where cells of chunks are kept; None where the settings keep none.

    Raises:
        ResourceError: the folder cannot be used.
    """
    if not settings.kv_memory and not settings.kv_disk:
        return None
    return KVStore(settings.kv_memory * _MIB, settings.store / _KV_FOLDER, settings.kv_disk * _MIB)
