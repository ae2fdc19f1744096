"""Cells as bytes, and back: one safetensors file of the keys and values of each layer."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from probes.transformers.cells import Cells, Segment, gather

__all__ = ["load_cells", "save_cells"]

_Pair = tuple[torch.Tensor, torch.Tensor]


def save_cells(cells: Cells, start: int, stop: int) -> bytes:
    """The cells at positions ``start`` to ``stop - 1``; masked ones are not among them."""
    layers = gather(cells, start, stop).layers
    tensors = {
        f"{layer}.{name}": part.contiguous().cpu()
        for layer, pair in enumerate(layers)
        if pair is not None
        for name, part in zip(("keys", "values"), pair, strict=True)
    }
    tensors["layers"] = torch.tensor(len(layers))
    return save(tensors)


def load_cells(cells: bytes, start: int, count: int, device: torch.device) -> Segment | None:
    """A segment of ``count`` saved cells, from position ``start`` on; None if that is not them."""
    try:
        tensors = {name: tensor.to(device) for name, tensor in load(cells).items()}
        pairs = [_pair(tensors, layer) for layer in range(int(tensors["layers"]))]
    except (SafetensorError, KeyError):
        return None
    if any(pair is not None and pair[0].shape[-2] != count for pair in pairs):
        return None
    return Segment(start, tuple(pairs))


def _pair(tensors: dict[str, torch.Tensor], layer: int) -> _Pair | None:
    keys = tensors.get(f"{layer}.keys")
    return None if keys is None else (keys, tensors[f"{layer}.values"])
