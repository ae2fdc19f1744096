"""Tiny random models in float64, in the form that save_pretrained writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from probes.transformers import TransformersModel

__all__ = ["CONFIGS", "DEVICE", "SHAPE", "WINDOW", "open_tiny", "save_tiny"]

DEVICE = os.environ.get("TEST_DEVICE", "cpu")
"""Where tiny models run: ``cuda`` takes these tests to a GPU."""

WINDOW = 6
"""Positions that a sliding layer of the configs below sees."""

_SPECIAL = ["<|start|>", "<|im_end|>"]
_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
SHAPE: dict[str, Any] = {
    "vocab_size": 256 + len(_SPECIAL),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 256,
    # Wide enough that attention is far from uniform, and every position counts.
    "initializer_range": 0.5,
    "eos_token_id": 257,
    "bos_token_id": 256,
    "pad_token_id": 257,
}
_MIXED = ["sliding_attention", "full_attention"]
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(**SHAPE),
    "qwen2": Qwen2Config(**SHAPE),
    "mistral": MistralConfig(**SHAPE, sliding_window=WINDOW),
    "gemma2": Gemma2Config(
        **SHAPE, sliding_window=WINDOW, layer_types=_MIXED, query_pre_attn_scalar=4
    ),
    "gemma3": Gemma3TextConfig(
        **SHAPE, sliding_window=WINDOW, layer_types=_MIXED, query_pre_attn_scalar=4
    ),
}
"""Full attention, full attention by layer, all layers sliding, and two of mixed kinds."""


def save_tiny(folder: Path, config: PreTrainedConfig) -> Path:
    """Save a random model of ``config``, and a tokenizer whose tokens are bytes."""
    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM  # transformers leaves these signatures untyped
    model = auto.from_config(config, dtype=torch.float64)
    model.save_pretrained(folder)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({text: n for n, text in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_SPECIAL)
    wrap: Any = PreTrainedTokenizerFast
    wrap(
        tokenizer_object=tokenizer,
        bos_token=_SPECIAL[0],
        eos_token=_SPECIAL[1],
        chat_template=_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def open_tiny(folder: Path) -> TransformersModel:
    """Load a tiny model in full precision."""
    return TransformersModel(folder, dtype="float64", device=DEVICE)
