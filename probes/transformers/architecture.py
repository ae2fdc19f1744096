"""What has to be known about an architecture before its cells can be shared and masked."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from probes.errors import ModelError

__all__ = ["AttentionKinds", "check_config", "check_forward", "decoder_layers"]

_FULL = "full_attention"
_SLIDING = "sliding_attention"
_REQUIRED = ("inputs_embeds", "past_key_values", "position_ids", "logits_to_keep")


class AttentionKinds:
    """Which masks the layers of a model ask for.

    Attributes:
        names: the kinds of layers in a model that tells them apart, else empty.
        window: positions that a sliding layer sees, itself included; None where no layer slides.
    """

    def __init__(self, config: PreTrainedConfig) -> None:
        text = config.get_text_config(decoder=True)
        kinds = set(getattr(text, "layer_types", None) or ())
        window: int | None = getattr(text, "sliding_window", None)
        # A model whose layers are all alike takes one mask, and some of those take no other.
        self.names: tuple[str, ...] = tuple(sorted(kinds)) if _SLIDING in kinds else ()
        self.window = window if _SLIDING in kinds or not kinds else None

    def masks(
        self, full: torch.Tensor, distance: torch.Tensor | None
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """The model's ``attention_mask``.

        Args:
            full: ``[rows, cells]`` additive mask of a layer that sees everything.
            distance: ``[rows, cells]`` positions from cell to row; needed where a layer slides.
        """
        whole = full[None, None]
        if self.window is None or distance is None:
            return dict.fromkeys(self.names, whole) if self.names else whole
        lowest = torch.finfo(full.dtype).min
        narrow = full.masked_fill(distance >= self.window, lowest)[None, None]
        if not self.names:
            return narrow
        return {name: narrow if name == _SLIDING else whole for name in self.names}


def check_config(config: PreTrainedConfig, model_class: type | None, name: str) -> None:
    """Refuse what keeps more than cells that can be masked one by one.

    Args:
        model_class: the class that transformers has for the config; None where it has none.

    Raises:
        ModelError: the model is recurrent, writes no text, or attends in a way that has no mask
            here.
    """
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"{name} ({config.model_type}) has an encoder and a decoder, and cannot go on with a "
            "text",
            hint="choose an instruct or chat model",
            param="model",
        )
    text = config.get_text_config(decoder=True)
    kinds = set(getattr(text, "layer_types", None) or ()) - {_FULL, _SLIDING}
    if kinds & {"linear_attention", "conv", "hybrid", "hybrid_sliding"} or getattr(
        model_class, "_is_stateful", False
    ):
        raise ModelError(
            f"{name} ({config.model_type}) is a recurrent model, whose state cannot be rolled back",
            hint="choose a transformer model",
            param="model",
        )
    if kinds:
        raise ModelError(
            f"{name} ({config.model_type}) has layers of kind {', '.join(sorted(kinds))}",
            hint="only full and sliding attention can be shared and masked: choose another model",
            param="model",
        )
    if model_class is None:
        raise ModelError(
            f"{name} ({config.model_type}) is no causal language model",
            hint="choose an instruct or chat model",
            param="model",
        )


def check_forward(model: PreTrainedModel, name: str) -> None:
    """Refuse a model that cannot be told which positions its rows have.

    Raises:
        ModelError: an argument of ``forward`` is missing.
    """
    accepted = inspect.signature(model.forward).parameters
    missing = [argument for argument in _REQUIRED if argument not in accepted]
    if missing:
        raise ModelError(
            f"{name} ({type(model).__name__}) takes no {', '.join(missing)}",
            hint="choose a model with explicit positions, such as Llama, Qwen, Gemma or Mistral",
            param="model",
        )


def decoder_layers(model: PreTrainedModel) -> Sequence[torch.nn.Module]:
    """The transformer blocks, in order; empty where they cannot be told from other modules."""
    expected = model.config.get_text_config(decoder=True).num_hidden_layers
    decoder = model.get_decoder()  # type: ignore[no-untyped-call]  # transformers has no types here
    for child in decoder.children():
        if isinstance(child, torch.nn.ModuleList) and len(child) == expected:
            return list(child)
    return []
