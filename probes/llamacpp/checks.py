"""Which GGUF files are no models that can answer, told by their headers."""

from __future__ import annotations

from pathlib import Path

from probes.errors import ModelError
from probes.gguf import check_gguf, gguf_shards
from probes.llamacpp.header import Header, read_header

__all__ = ["check_file"]

_INSTRUCT = "choose the GGUF file of an instruct or chat model"
_ENCODERS = frozenset(
    {
        "bert",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
        "jina-bert-v2",
        "jina-bert-v3",
        "eurobert",
        "gemma-embedding",
        "llama-embed",
        "t5encoder",
    }
)
_TWO_PARTS = frozenset({"t5"})
_PROJECTORS = frozenset({"clip", "mmproj", "vision"})
_NO_TEXT = {
    "wavtokenizer-dec": "makes sound, no text",
    "diffusion": "makes images, no text",
    "flux": "makes images, no text",
    "sd1": "makes images, no text",
    "sdxl": "makes images, no text",
    "sd3": "makes images, no text",
    "imatrix": "holds statistics for quantizing, and no model",
}
_KINDS = {
    "adapter": (
        "is a LoRA adapter, which changes a model and is none",
        "merge it into its base model with llama.cpp's llama-export-lora, and name that file",
    ),
    "mmproj": (
        "is the part of a model that sees or hears, without the part that speaks",
        "name the model's main .gguf file: it answers text without this one",
    ),
    "imatrix": ("holds statistics for quantizing, and no model", _INSTRUCT),
    "vocab": ("has a vocabulary and no weights", _INSTRUCT),
}


def check_file(path: Path) -> None:
    """Refuse what cannot answer, before llama.cpp loads any of it.

    Raises:
        ModelError: a file is missing or cut short, or this is no language model that answers.
    """
    shards = gguf_shards(path)
    if not shards[0].exists() and not path.exists():
        check_gguf(path)
    for shard in shards:
        check_gguf(shard)
    headers = [read_header(shard) for shard in shards]
    first = headers[0]
    _check_kind(path, first)
    if len(shards) == 1 and first.shards > 1:
        raise ModelError(
            f"{path.name} is one of {first.shards} files of a model, and its name does not say "
            "which",
            hint=f"call them NAME-00001-of-{first.shards:05d}.gguf and so on, as they were",
            param="model",
        )
    if first.shards != len(shards):
        raise ModelError(
            f"{path.name} belongs to {first.shards} files by what stands in it, and to "
            f"{len(shards)} by its name",
            hint="fetch the files again, and keep their names",
            param="model",
        )
    for shard, header in zip(shards, headers, strict=True):
        size = shard.stat().st_size
        if size < header.size:
            raise ModelError(
                f"{shard.name} is cut short: {size} of {header.size} bytes are here",
                hint="fetch it again",
                param="model",
            )


def _check_kind(path: Path, header: Header) -> None:
    name, architecture = path.name, header.architecture
    if header.kind in _KINDS or architecture in _PROJECTORS:
        what, hint = _KINDS[header.kind if header.kind in _KINDS else "mmproj"]
        raise _refused(f"{name} {what}", hint)
    if architecture in _NO_TEXT:
        raise _refused(f"{name} ({architecture}) {_NO_TEXT[architecture]}")
    if not architecture:
        raise _refused(f"{name} does not say of which architecture it is")
    if architecture in _ENCODERS or header.pooling or not header.causal:
        raise _refused(f"{name} ({architecture}) makes embeddings, or ranks: it writes no text")
    if architecture in _TWO_PARTS:
        raise _refused(
            f"{name} ({architecture}) has an encoder and a decoder, and cannot go on with a text"
        )
    if not header.tensors and header.shards == 1:
        raise _refused(f"{name} {_KINDS['vocab'][0]}")
    if header.vocabulary in {"", "no_vocab", "none"}:
        raise _refused(f"{name} has no vocabulary: it cannot read text", "fetch it again")


def _refused(message: str, hint: str = _INSTRUCT) -> ModelError:
    return ModelError(message, hint=hint, param="model")
