"""A faster copy of a GGUF file whose number type llama.cpp computes slowly on a CPU.

llama.cpp multiplies Q4_1, Q5_0 and Q5_1 weights with kernels that take a row at a time; Q8_0 has
kernels for whole blocks of rows. The same weights as Q8_0 take twice the memory and, on most
CPUs, half the time. Whether they do here, and whether they say the same, is measured when the
copy is made.
"""

from __future__ import annotations

import ctypes
import json
import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import llama_cpp

from probes.errors import ModelCacheError
from probes.gguf import file_sha256, gguf_shards
from probes.llamacpp.checks import check_file
from probes.llamacpp.library import load_model
from probes.llamacpp.model import LlamaCppModel
from probes.logit_drift import kl_divergence
from probes.model_cache import converted_folder
from probes.neutral import NEUTRAL_TEXTS
from probes.state import State

__all__ = ["MOST_KL", "Measurement", "faster_copy", "measure", "requantize"]

_logger = logging.getLogger("probes.llamacpp")

MOST_KL = 0.01
"""Nats per token that the copy's next-token distributions may be off."""
_LEAST_GAIN = 1.1
# llama.cpp's file types: mostly Q4_1, Q5_0, Q5_1.
_SLOW = {"3", "8", "9"}
_Q8_0 = 7
# The copy is up to twice as large: beyond this it would take more memory than people expect.
_LARGEST = 2**30
_CONTEXT = 1024
# Half of a usual prompt with retrieved chunks, and half of a usual answer.
_PREFILLED, _DECODED, _REPEATS = 256, 16, 3
_COPY, _NOTE = "model.gguf", "measured.json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """How the copy compares with the file it was made of.

    Attributes:
        kl: mean divergence of the next-token distributions, file to copy, nats per token.
        prefill, decode: how many times as fast the copy prefills and decodes.
        speedup: the same for a prompt of 512 tokens with an answer of 32.
    """

    kl: float
    prefill: float
    decode: float
    speedup: float

    @property
    def pays(self) -> bool:
        """Whether the copy says the same and is faster."""
        return self.kl < MOST_KL and self.speedup >= _LEAST_GAIN


def faster_copy(path: Path, *, cache: Path, threads: int) -> Path:
    """The file to load in place of ``path``: a copy where one pays, else ``path`` itself.

    The copy is made and measured the first time, which takes some seconds, and kept. Where the
    cache cannot be written there is none, and a warning in the log.

    Args:
        cache: folder of converted models.
        threads: CPU threads; 0 for all cores.

    Raises:
        ModelError: ``path`` is no model that llama.cpp can load.
    """
    check_file(path)
    shards = gguf_shards(path)
    if len(shards) > 1 or path.stat().st_size > _LARGEST or _file_type(path) not in _SLOW:
        return path

    def make(folder: Path) -> None:
        _logger.info("making a faster copy of %s; this is done once and takes some seconds", path)
        copy = folder / _COPY
        if requantize(path, copy, threads):
            found = measure(path, copy, threads=threads)
            (folder / _NOTE).write_text(json.dumps(asdict(found)), encoding="utf-8")
            if found.pays:
                return
        # The empty folder stays, and says that this was tried.
        copy.unlink(missing_ok=True)

    try:
        copy = converted_folder(cache, f"{file_sha256(path)}-q8_0", make) / _COPY
    except ModelCacheError as error:
        # Slower is better than not at all.
        _logger.warning("no faster copy of %s: %s", path.name, error)
        return path
    return copy if copy.is_file() else path


def measure(path: Path, copy: Path, *, threads: int) -> Measurement:
    """Compare the two files: text read by both, and the times that both take, by turns."""
    with (
        closing(LlamaCppModel(path, context_size=_CONTEXT, threads=threads)) as first,
        closing(LlamaCppModel(copy, context_size=_CONTEXT, threads=threads)) as second,
    ):
        models = (first, second)
        tokens = [token for text in NEUTRAL_TEXTS for token in first.tokenize(text)]
        tokens = (tokens * (1 + _PREFILLED // len(tokens)))[:_PREFILLED]
        states = [_read(model, tokens) for model in models]
        times = [[_times(model, tokens) for model in models] for _ in range(_REPEATS)]
    return Measurement(
        kl=kl_divergence(*states),
        prefill=median(old[0] / new[0] for old, new in times),
        decode=median(old[1] / new[1] for old, new in times),
        # Half a prompt and half an answer are what was timed.
        speedup=median(sum(old) / sum(new) for old, new in times),
    )


def _read(model: LlamaCppModel, tokens: list[int]) -> State:
    with model.session() as session:
        session.extend(tokens[:1])
        return session.read(tokens[1:])


def _times(model: LlamaCppModel, tokens: list[int]) -> tuple[float, float]:
    """Seconds to prefill the tokens, and to draft after them."""
    with model.session() as session:
        session.extend(tokens)
        prefill = _seconds(lambda: model.flush([session]))
        return prefill, _seconds(lambda: model.draft_many([session], _DECODED))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _file_type(path: Path) -> str:
    """llama.cpp's number for the type of most weights; empty where the file does not say."""
    model = load_model(path, gpu_layers=0)
    try:
        text = ctypes.create_string_buffer(16)
        found = llama_cpp.llama_model_meta_val_str(model, b"general.file_type", text, len(text))
        return text.value.decode() if found > 0 else ""
    finally:
        llama_cpp.llama_model_free(model)


def requantize(path: Path, copy: Path, threads: int) -> bool:
    """Write the same weights as Q8_0; whether that succeeded."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = _Q8_0
    params.allow_requantize = True
    params.nthread = threads
    status = llama_cpp.llama_model_quantize(
        str(path).encode(), str(copy).encode(), ctypes.byref(params)
    )
    return bool(status == 0)
