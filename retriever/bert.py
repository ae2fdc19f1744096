"""A BERT encoder in NumPy: embeds a question at once, where importing torch takes seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["BertEncoder", "load_bert"]

_Array = npt.NDArray[np.float32]

_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_POOLINGS = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}


@dataclass(frozen=True, slots=True)
class _Shape:
    layers: int
    heads: int
    epsilon: float
    pooling: str
    max_tokens: int


class BertEncoder:
    """What a sentence-transformers model of BERT's kind computes, but for the last bits.

    Args:
        weights: by their names in the file, float32.
        tokenizer: cuts a text off where the model reads no further.
        shape: what the configuration says.

    The architecture is that of BERT (arXiv 1810.04805), pooled as in Sentence-BERT
    (arXiv 1908.10084). Methods may be called from several threads.
    """

    def __init__(self, weights: dict[str, _Array], tokenizer: Tokenizer, shape: _Shape) -> None:
        self._weights = weights
        self._tokenizer = tokenizer
        self._shape = shape

    @property
    def max_tokens(self) -> int:
        """Longest text that is read in full, in tokens; the rest is ignored."""
        return self._shape.max_tokens

    @property
    def dimension(self) -> int:
        """Width of a vector."""
        return int(self._weights["embeddings.word_embeddings.weight"].shape[1])

    def tokenizer(self) -> Tokenizer:
        """A copy of its tokenizer that cuts nothing off."""
        copy = type(self._tokenizer).from_str(self._tokenizer.to_str())
        copy.no_truncation()
        return copy

    def encode(self, texts: Sequence[str]) -> _Array:
        """Vectors ``[text, dimension]`` of length 1. One text after the other: for a few."""
        return np.stack([self._encode(text) for text in texts])

    def _encode(self, text: str) -> _Array:
        encoding = self._tokenizer.encode(text)
        states = self._embedded(encoding.ids, encoding.type_ids)
        for layer in range(self._shape.layers):
            states = self._layer(f"encoder.layer.{layer}", states)
        pooled = states[0] if self._shape.pooling == "cls" else states.mean(axis=0)
        vector: _Array = pooled / np.maximum(np.linalg.norm(pooled), np.float32(1e-12))
        return vector

    def _embedded(self, ids: Sequence[int], types: Sequence[int]) -> _Array:
        """``[token, width]``"""
        part = "embeddings"
        words = self._weights[f"{part}.word_embeddings.weight"][ids]
        places = self._weights[f"{part}.position_embeddings.weight"][: len(ids)]
        kinds = self._weights[f"{part}.token_type_embeddings.weight"][types]
        return self._normed(f"{part}.LayerNorm", words + places + kinds)

    def _layer(self, name: str, states: _Array) -> _Array:
        attended = self._linear(f"{name}.attention.output.dense", self._attend(name, states))
        states = self._normed(f"{name}.attention.output.LayerNorm", states + attended)
        inner = _gelu(self._linear(f"{name}.intermediate.dense", states))
        outer = self._linear(f"{name}.output.dense", inner)
        return self._normed(f"{name}.output.LayerNorm", states + outer)

    def _attend(self, name: str, states: _Array) -> _Array:
        """``[token, width]``: each head's mean of the values, side by side."""
        from scipy.special import softmax

        tokens, width = states.shape
        heads = self._shape.heads

        def split(kind: str) -> _Array:
            """``[head, token, width of a head]``"""
            made = self._linear(f"{name}.attention.self.{kind}", states)
            return made.reshape(tokens, heads, width // heads).swapaxes(0, 1)

        scores = split("query") @ split("key").swapaxes(1, 2) / np.float32(np.sqrt(width // heads))
        mixed: _Array = softmax(scores, axis=-1) @ split("value")
        return mixed.swapaxes(0, 1).reshape(tokens, width)

    def _linear(self, name: str, states: _Array) -> _Array:
        return states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, name: str, states: _Array) -> _Array:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + self._shape.epsilon)
        normed: _Array = centred / spread.astype(np.float32)
        return normed * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def load_bert(folder: Path) -> BertEncoder | None:
    """The encoder of a sentence-transformers folder; None where it is of another kind, or damaged.

    Its own kind: ``BertModel`` with absolute positions and GELU, its weights in one safetensors
    file, the mean of the tokens or the first one for a vector, and texts as they are: no prompt
    before them, and no small letters but the tokenizer's own.
    """
    try:
        encoder = _loaded(folder)
        if encoder is not None:
            encoder.encode(["?"])
    except Exception:  # noqa: BLE001 - sentence-transformers says what is wrong with the folder
        return None
    return encoder


def _loaded(folder: Path) -> BertEncoder | None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config, pooling = _json(folder / "config.json"), _pooling(folder)
    if pooling is None or not _is_bert(config) or _changes_texts(folder):
        return None
    weights = {
        name.removeprefix("bert."): np.asarray(values, dtype=np.float32)
        for name, values in load_file(folder / "model.safetensors").items()
    }
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    shape = _Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
        pooling=pooling,
        max_tokens=_longest(folder, config),
    )
    tokenizer.enable_truncation(shape.max_tokens)
    return BertEncoder(weights, tokenizer, shape)


def _gelu(values: _Array) -> _Array:
    """Formula: ``x (1 + erf(x / sqrt 2)) / 2`` (arXiv 1606.08415)."""
    from scipy.special import erf

    scaled: _Array = values * (1 + erf(values / np.float32(np.sqrt(2)))) / 2
    return scaled


def _is_bert(config: dict[str, Any]) -> bool:
    return (
        config.get("architectures") == ["BertModel"]
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
    )


def _pooling(folder: Path) -> str | None:
    """How a vector is made of the tokens' states; None where it is made in another way."""
    modules = _json(folder / "modules.json")
    kinds = [module["type"].rpartition(".")[2] for module in modules] if modules else []
    if kinds not in _MODULES or modules[0]["path"]:
        return None
    config = _json(folder / modules[1]["path"] / "config.json")
    on = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
    return _POOLINGS.get(on[0]) if len(on) == 1 else None


def _changes_texts(folder: Path) -> bool:
    """Whether the library puts a prompt before a text, or writes it in small letters."""
    prompted = _json(folder / "config_sentence_transformers.json").get("default_prompt_name")
    lowered = _json(folder / "sentence_bert_config.json").get("do_lower_case")
    return bool(prompted or lowered)


def _longest(folder: Path, config: dict[str, Any]) -> int:
    own = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    return int(own or config["max_position_embeddings"])


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
