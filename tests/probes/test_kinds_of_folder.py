"""Every kind of model folder is answered, or refused with a sentence that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    BertConfig,
    GPT2Config,
    MambaConfig,
    MixtralConfig,
    PreTrainedConfig,
    Qwen3Config,
    T5Config,
)

from overlay.selfcheck import check_model
from probes.chat import Message
from probes.errors import ModelError
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, SHAPE, save_tiny

_LONG = {**SHAPE, "max_position_embeddings": 1024}
_GPT2: dict[str, Any] = {
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 1024,
    "vocab_size": 258,
}
ANSWERED: dict[str, PreTrainedConfig] = {
    "experts": MixtralConfig(**_LONG, num_local_experts=4, num_experts_per_tok=2),
    "qwen3": Qwen3Config(**_LONG),
    "gpt2": GPT2Config(**_GPT2, bos_token_id=256, eos_token_id=257),
    "sliding windows": CONFIGS["gemma3"],
}
REFUSED: dict[str, tuple[PreTrainedConfig, str]] = {
    "recurrent": (
        MambaConfig(vocab_size=258, hidden_size=16, state_size=4, num_hidden_layers=2),
        "recurrent model",
    ),
    "an encoder": (
        BertConfig(
            vocab_size=258,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=32,
            architectures=["BertForMaskedLM"],
        ),
        "is no causal language model",
    ),
    "encoder and decoder": (
        T5Config(vocab_size=258, d_model=16, d_ff=32, d_kv=4, num_layers=2, num_heads=4),
        "has an encoder and a decoder",
    ),
}


@pytest.mark.parametrize("kind", ANSWERED)
def test_it_passes_the_trial_before_it_serves(tmp_path: Path, kind: str) -> None:
    folder = save_tiny(tmp_path / "one", ANSWERED[kind])
    model = TransformersModel(folder, dtype="float32", device="cpu")
    if model.info.context_size < 512:  # a chat of bytes is long
        model._context_size = 512
    check_model(model)


def test_without_a_template_the_plain_one_is_spoken(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "one", CONFIGS["llama"])
    (folder / "chat_template.jinja").unlink()
    model = TransformersModel(folder, device="cpu")
    [tokens] = model.encode_chat([Message("system", "Be kind."), Message("user", "Hi")])
    said = b"".join(map(model.spelled, tokens)).decode()
    assert said == "Be kind.\n\nUser: Hi\nAssistant:"
    assert "User:" in model.chat_style.ends
    chosen = TransformersModel(folder, device="cpu", chat_template="[{{ messages[0].content }}]")
    [tokens] = chosen.encode_chat([Message("user", "Hi")])
    assert b"".join(map(chosen.spelled, tokens)) == b"[Hi]"


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    config, sentence = REFUSED[kind]
    folder = save_tiny(tmp_path / "one", CONFIGS["llama"])
    config.to_json_file(folder / "config.json")
    _refused(folder, sentence)


def _pickled(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def _without(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def _changed(**values: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return spoil


def _adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "pickled weights": (_pickled, r"as a pickle \(pytorch_model.bin\), which can run any code"),
    "no weights": (_without("model.safetensors"), "has no weights"),
    "cut weights": (_cut, "transformers cannot load or run"),
    "no tokenizer": (_without("tokenizer.json"), "has no tokenizer"),
    "no config": (_without("config.json"), r"has no config\.json"),
    "an adapter": (_adapter, "holds an adapter"),
    "code of its own": (
        _changed(model_type="own", auto_map={"AutoConfig": "own.OwnConfig"}),
        "brings code of its own, which is not run",
    ),
    "an unknown architecture": (_changed(model_type="nonesuch"), "cannot load"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_folder_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    spoil, sentence = BROKEN[kind]
    folder = save_tiny(tmp_path / "one", CONFIGS["llama"])
    spoil(folder)
    _refused(folder, sentence)


def _refused(folder: Path, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        TransformersModel(folder, device="cpu")
    assert caught.value.hint
