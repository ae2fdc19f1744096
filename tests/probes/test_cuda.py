"""The transformers backend on a GPU: which number type it takes, and quantized weights.

``TEST_DEVICE=cuda`` takes the tests of tiny models to the GPU too.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig

from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, save_tiny

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

TEXT = "The miller's cat sleeps on the warm flour sacks until the bell rings for supper."


def test_a_gpu_is_taken_where_there_is_one(tmp_path: Path) -> None:
    model = TransformersModel(save_tiny(tmp_path, CONFIGS["llama"]))
    assert model.network.device.type == "cuda"
    assert model.network.dtype == torch.bfloat16
    assert model.info.device == torch.cuda.get_device_name()


def test_attention_makes_no_plan_for_every_shape(tmp_path: Path) -> None:
    model = TransformersModel(save_tiny(tmp_path, CONFIGS["llama"]))
    enabled: Any = torch.backends.cuda.cudnn_sdp_enabled  # untyped
    allowed: list[bool] = []
    model.network.register_forward_pre_hook(lambda *_: allowed.append(enabled()))
    with model.session() as session:
        session.extend(model.tokenize(TEXT))
        session.read([1, 2])
    assert allowed
    assert not any(allowed)


@pytest.mark.skipif(
    importlib.util.find_spec("bitsandbytes") is None, reason="needs the package bitsandbytes"
)
@pytest.mark.parametrize(("quantize", "bits"), [("4bit", 4), ("8bit", 8)])
def test_quantized_weights_keep_sessions_apart(tmp_path: Path, quantize: str, bits: int) -> None:
    # bitsandbytes packs weights in blocks of 64.
    wide = LlamaConfig(**{**CONFIGS["llama"].to_dict(), "hidden_size": 128, "head_dim": 32})
    wide.intermediate_size = 256
    wide.initializer_range = 0.1
    model = TransformersModel(save_tiny(tmp_path, wide), quantize=quantize)
    bitsandbytes = importlib.import_module("bitsandbytes")
    kind = {4: bitsandbytes.nn.Linear4bit, 8: bitsandbytes.nn.Linear8bitLt}[bits]
    assert any(isinstance(module, kind) for module in model.network.modules())
    tokens = model.tokenize(TEXT)
    head, window = tokens[:-8], tokens[-8:]
    with torch.no_grad():
        output = model.network(torch.tensor([tokens], device="cuda"), use_cache=False)
    expected = output.logits[0].float().log_softmax(dim=-1).cpu().numpy()[len(head) - 1 : -1]
    with model.session() as session:
        session.extend(head[:20])
        [twin] = session.fork(1)
        twin.extend(tokens[30:40])
        session.extend(head[20:])
        states = model.read_many([(session, window), (twin, window)], [0, 1])
    spread = expected - expected.mean(axis=-1, keepdims=True)
    error = np.linalg.norm(states[0].log_probs - expected) / np.linalg.norm(spread)
    assert error < 0.1
    assert np.linalg.norm(states[1].log_probs - expected) / np.linalg.norm(spread) > 2 * error
