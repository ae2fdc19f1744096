"""What a GGUF file says of itself, read before llama.cpp loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from probes.errors import ModelError
from probes.llamacpp.ggml import GgufParams, ggml_base
from probes.llamacpp.log import route_log

__all__ = ["Header", "read_header"]

_BOOL, _STRING = 7, 8
_NUMBERS = {2: "u16", 4: "u32"}


@dataclass(frozen=True, slots=True)
class Header:
    """A file's own words.

    Attributes:
        architecture: what its tensors are put together to; empty where it does not say.
        kind: ``model``, ``adapter``, ``mmproj`` or the like; empty in older files.
        vocabulary: the kind of its vocabulary; empty where it has none.
        tensors: how many there are here.
        shards: how many files the model lies in.
        pooling: how an embedding is made of its states; 0 where none is.
        causal: whether a token sees those before it alone.
        size: bytes that the file needs for what it says is in it.
    """

    architecture: str
    kind: str
    vocabulary: str
    tensors: int
    shards: int
    pooling: int
    causal: bool
    size: int


def read_header(path: Path) -> Header:
    """Read a GGUF file's header; it takes some 30 ms.

    Raises:
        ModelError: it is cut short, or no header that this llama.cpp can read.
    """
    route_log()
    library = ggml_base()
    gguf = library.gguf_init_from_file(str(path).encode(), GgufParams(True, None))
    if not gguf:
        raise ModelError(
            f"the header of {path} cannot be read",
            hint="the file is cut short, or newer than the installed llama-cpp-python: fetch it "
            "again, or upgrade llama-cpp-python",
            param="model",
        )

    def place(key: str, *kinds: int) -> int | None:
        found: int = library.gguf_find_key(gguf, key.encode())
        known = found >= 0 and library.gguf_get_kv_type(gguf, found) in kinds
        return found if known else None

    def text(key: str) -> str:
        found = place(key, _STRING)
        return "" if found is None else library.gguf_get_val_str(gguf, found).decode()

    def number(key: str) -> int:
        found = place(key, *_NUMBERS)
        if found is None:
            return 0
        kind = _NUMBERS[library.gguf_get_kv_type(gguf, found)]
        return int(getattr(library, f"gguf_get_val_{kind}")(gguf, found))

    try:
        architecture = text("general.architecture")
        causal = place(f"{architecture}.attention.causal", _BOOL)
        tensors: int = library.gguf_get_n_tensors(gguf)
        ends = [
            library.gguf_get_tensor_offset(gguf, one) + library.gguf_get_tensor_size(gguf, one)
            for one in range(tensors)
        ]
        return Header(
            architecture=architecture,
            kind=text("general.type"),
            vocabulary=text("tokenizer.ggml.model"),
            tensors=tensors,
            shards=max(1, number("split.count")),
            pooling=number(f"{architecture}.pooling_type"),
            causal=causal is None or library.gguf_get_val_bool(gguf, causal),
            size=library.gguf_get_data_offset(gguf) + max(ends, default=0),
        )
    finally:
        library.gguf_free(gguf)
