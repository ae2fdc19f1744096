"""GGUF files of many kinds that say what a test wants: tiny, and made in milliseconds.

With no mixing nothing but the last token decides what comes next: the layers add nothing, each
token has a direction of its own in the embedding, and the output matrix leads from it to the token
that the script names. With mixing the layers are random, and every token counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter
from transformers.convert_slow_tokenizer import bytes_to_unicode

__all__ = ["CHATML", "save_scripted_gguf"]

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<bos>")
_BYTES = list(bytes_to_unicode().values())  # type: ignore[no-untyped-call]  # transformers has no types here
_NORMAL, _CONTROL = 1, 3
_LAYERS, _WIDTH, _HEADS, _HEAD, _FORWARD, _EXPERTS = 2, 512, 8, 64, 64, 4


def save_scripted_gguf(
    path: Path,
    script: Mapping[str, str] | None = None,
    *,
    architecture: str = "llama",
    template: str | None = CHATML,
    mixing: float = 0.0,
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Write a file.

    Args:
        script: which token follows on which; ``<|im_end|>`` follows on all others. Whoever names
            a word makes it a token.
        architecture: llama, moe (a llama of experts), qwen2, qwen3, gemma3, mamba, or any name that
            its tensors are then those of a llama for.
        template: None for none.
        mixing: spread of the layers' weights.
        meta: keys to add or to change; None takes one away.
    """
    script = script or {}
    words = [one for pair in script.items() for one in pair]
    # What a byte-level vocabulary writes for a line break and a blank.
    spelled = {one: "".join(bytes_to_unicode()[b] for b in one.encode()) for one in words}  # type: ignore[no-untyped-call]
    spelled |= {one: one for one in _SPECIAL}
    tokens = list(dict.fromkeys([*_SPECIAL, *_BYTES, *spelled.values()]))
    name = "llama" if architecture == "moe" else architecture
    writer = GGUFWriter(path, name)
    values: dict[str, Any] = {
        f"{name}.block_count": _LAYERS,
        f"{name}.context_length": 1024,
        f"{name}.embedding_length": _WIDTH,
        f"{name}.feed_forward_length": _FORWARD,
        f"{name}.attention.head_count": _HEADS,
        f"{name}.attention.head_count_kv": 1,
        f"{name}.attention.key_length": _HEAD,
        f"{name}.attention.value_length": _HEAD,
        f"{name}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{name}.rope.dimension_count": _HEAD,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [_CONTROL if one in _SPECIAL else _NORMAL for one in tokens],
        "tokenizer.ggml.merges": [f"{_BYTES[0]} {_BYTES[0]}"],
        "tokenizer.ggml.bos_token_id": tokens.index("<bos>"),
        "tokenizer.ggml.eos_token_id": tokens.index("<|im_end|>"),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": template,
        **_OF_ITS_OWN.get(architecture, {}),
        **(meta or {}),
    }
    for key, value in values.items():
        _add(writer, key, value)
    draw = np.random.default_rng(0)
    embedding = np.eye(len(tokens), _WIDTH, dtype=np.float32)
    output = np.zeros((len(tokens), _WIDTH), dtype=np.float32)
    output[tokens.index("<|im_end|>")] = 1.0
    for before, after in script.items():
        output[tokens.index(spelled[after]), tokens.index(spelled[before])] = 8.0
    if mixing:
        output += draw.normal(0.0, mixing, output.shape).astype(np.float32)
    tensors = {"token_embd": embedding, "output": output, "output_norm": np.ones(_WIDTH)}
    for layer in range(_LAYERS):
        for part, shape in _parts(architecture).items():
            ones = len(shape) == 1 and "norm" in part
            value = np.ones(shape) if ones else draw.normal(0.0, 1.0, shape) * mixing
            tensors[f"blk.{layer}.{part}"] = value
    for part, value in tensors.items():
        full = part if part.endswith(("bias", "ssm_a", "ssm_d")) else f"{part}.weight"
        writer.add_tensor(full, np.ascontiguousarray(value, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


_OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "moe": {"llama.expert_count": _EXPERTS, "llama.expert_used_count": 2},
    "gemma3": {"gemma3.attention.sliding_window": 8},
    "mamba": {
        "mamba.ssm.conv_kernel": 4,
        "mamba.ssm.inner_size": 2 * _WIDTH,
        "mamba.ssm.state_size": 8,
        "mamba.ssm.time_step_rank": 8,
    },
}


def _add(writer: GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif value is not None:
        writer.add_array(key, value)


def _parts(architecture: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a layer's tensors."""
    if architecture == "mamba":
        inner = 2 * _WIDTH
        return {
            "attn_norm": (_WIDTH,),
            "ssm_in": (2 * inner, _WIDTH),
            "ssm_conv1d": (inner, 4),
            "ssm_conv1d.bias": (inner,),
            "ssm_x": (8 + 2 * 8, inner),
            "ssm_dt": (inner, 8),
            "ssm_dt.bias": (inner,),
            "ssm_a": (inner, 8),
            "ssm_d": (inner,),
            "ssm_out": (_WIDTH, inner),
        }
    parts: dict[str, tuple[int, ...]] = {
        "attn_norm": (_WIDTH,),
        "ffn_norm": (_WIDTH,),
        "attn_q": (_HEADS * _HEAD, _WIDTH),
        "attn_k": (_HEAD, _WIDTH),
        "attn_v": (_HEAD, _WIDTH),
        "attn_output": (_WIDTH, _HEADS * _HEAD),
    }
    if architecture == "moe":
        wide, narrow = (_EXPERTS, _FORWARD, _WIDTH), (_EXPERTS, _WIDTH, _FORWARD)
        parts |= {"ffn_gate_inp": (_EXPERTS, _WIDTH), "ffn_down_exps": narrow}
        return parts | {"ffn_gate_exps": wide, "ffn_up_exps": wide}
    parts |= {"ffn_gate": (_FORWARD, _WIDTH), "ffn_up": (_FORWARD, _WIDTH)}
    parts |= {"ffn_down": (_WIDTH, _FORWARD)}
    if architecture == "qwen2":
        parts |= {"attn_q.bias": (_HEADS * _HEAD,), "attn_k.bias": (_HEAD,)}
        parts |= {"attn_v.bias": (_HEAD,)}
    if architecture in {"qwen3", "gemma3"}:
        parts |= {"attn_q_norm": (_HEAD,), "attn_k_norm": (_HEAD,)}
    if architecture == "gemma3":
        parts |= {"post_attention_norm": (_WIDTH,), "post_ffw_norm": (_WIDTH,)}
    return parts
