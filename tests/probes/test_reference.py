"""llama.cpp's states against those of transformers, from the same GGUF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from transformers import AutoModelForCausalLM

from probes.llamacpp import LlamaCppModel
from probes.transformers import TransformersModel

TEXT = (
    "The harbour office opens at seven. Ships that arrive earlier wait at the outer buoy, and "
    "their captains send a short message with the name of the ship and the number of guests."
)
WINDOW = " The office answers within ten minutes and assigns a berth."


@pytest.fixture(scope="module")
def reference(other: TransformersModel, model_cache: Path) -> torch.nn.Module:
    """The weights that were converted for the other backend, in transformers' own hands."""
    folder = model_cache / f"{other.info.sha256}-float32"
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    module: torch.nn.Module = loaded.train(mode=False)
    return module


def test_states_agree_with_transformers(
    file_model: LlamaCppModel, reference: torch.nn.Module
) -> None:
    model = file_model
    context, window = model.tokenize(TEXT), model.tokenize(WINDOW)
    with model.session() as session:
        session.extend(context)
        state = session.read(window, range(model.info.layers))
    expected_hidden, expected_logits = reference_states(reference, context, window)

    cosines = np.sum(state.hidden * expected_hidden, axis=-1) / (
        np.linalg.norm(state.hidden, axis=-1) * np.linalg.norm(expected_hidden, axis=-1)
    )
    worst = cosines.min(axis=1)  # over the window, per layer; the last layer is among them
    assert worst.shape == (model.info.layers,)
    assert worst.min() > 0.999, f"layer {worst.argmin()}: {worst.min()}"

    expected = log_softmax(expected_logits, axis=1)
    divergence = np.sum(np.exp(expected) * (expected - state.log_probs), axis=1)
    assert divergence.mean() < 0.01, f"{divergence.mean()} nats"


def reference_states(
    reference: torch.nn.Module, context: list[int], window: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Layer outputs ``[layers, T, width]`` and logits ``[T, vocabulary]`` before each token.

    Hooks, because the last of transformers' own ``hidden_states`` has passed the final norm.
    """
    outputs: list[torch.Tensor] = []
    hooks = [
        layer.register_forward_hook(
            lambda _module, _inputs, output: outputs.append(
                output[0] if isinstance(output, tuple) else output
            )
        )
        for layer in reference.get_submodule("model.layers").children()
    ]
    with torch.no_grad():
        logits = reference(torch.tensor([context + window])).logits[0]
    for hook in hooks:
        hook.remove()
    rows = slice(len(context) - 1, len(context) + len(window) - 1)
    hidden = torch.stack([output.reshape(logits.shape[0], -1)[rows] for output in outputs])
    return hidden.numpy(), logits[rows].numpy()
