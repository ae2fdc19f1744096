"""A tiny random model as a GGUF file, with the packaged model's own tokenizer and chat template.

For tests that count, compare or break things under llama.cpp: it costs a fortieth of the packaged
model and says nothing that means anything. What a model says, and that a whole works, is tested on
real ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.constants import GGMLQuantizationType
from gguf.quants import quantize

from overlay.models import find_model

__all__ = ["save_tiny_gguf"]

_LAYERS = 4
_WIDTH, _HEADS, _KV_HEADS, _FORWARD = 128, 2, 1, 256
_SHAPE = {
    "block_count": _LAYERS,
    "embedding_length": _WIDTH,
    "feed_forward_length": _FORWARD,
    "attention.head_count": _HEADS,
    "attention.head_count_kv": _KV_HEADS,
    "rope.dimension_count": _WIDTH // _HEADS,
}
_FILE_TYPES = {GGMLQuantizationType.Q8_0: 7, GGMLQuantizationType.Q4_1: 3}


def save_tiny_gguf(path: Path, kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0) -> Path:
    """Write the model.

    Args:
        kind: of its weights: Q8_0, or Q4_1 as the packaged file's.
    """
    packaged = GGUFReader(find_model("smollm2"))
    writer = GGUFWriter(path, "llama")
    for name, field in packaged.fields.items():
        key = name.removeprefix("llama.")
        if name.startswith("GGUF.") or name in {"general.architecture", "general.file_type"}:
            continue
        value = _SHAPE.get(key, field.contents())
        inner = field.types[1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, value, field.types[0], inner)
    writer.add_file_type(_FILE_TYPES[kind])
    draw = np.random.default_rng(0)
    vocabulary = len(packaged.fields["tokenizer.ggml.tokens"].contents())
    head = _WIDTH // _HEADS

    def add(name: str, rows: int, columns: int, spread: float) -> None:
        # Wide enough that every position counts, as of the tiny transformers models.
        weights = draw.normal(0.0, spread, (rows, columns)).astype(np.float32)
        writer.add_tensor(f"{name}.weight", quantize(weights, kind), raw_dtype=kind)

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, dtype=np.float32))

    add("token_embd", vocabulary, _WIDTH, 1.0)
    add("output", vocabulary, _WIDTH, 0.25)
    add_norm("output_norm")
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        add_norm(f"{block}.attn_norm")
        add_norm(f"{block}.ffn_norm")
        add(f"{block}.attn_q", _HEADS * head, _WIDTH, 0.1)
        add(f"{block}.attn_k", _KV_HEADS * head, _WIDTH, 0.1)
        add(f"{block}.attn_v", _KV_HEADS * head, _WIDTH, 0.1)
        add(f"{block}.attn_output", _WIDTH, _HEADS * head, 0.1)
        add(f"{block}.ffn_gate", _FORWARD, _WIDTH, 0.1)
        add(f"{block}.ffn_up", _FORWARD, _WIDTH, 0.1)
        add(f"{block}.ffn_down", _WIDTH, _FORWARD, 0.1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
