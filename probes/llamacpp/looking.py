"""What rows attend to, taken out of llama.cpp's compute graph while it runs.

Without flash attention the graph holds ``kq_soft_max-N``, the attention itself. Flash attention
never forms it: there it is worked out again from what that operation takes, the queries, the keys
in the cache and the mask, for the few rows that are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from probes.errors import ModelError
from probes.llamacpp.marks import Marks
from probes.llamacpp.tensor import Tensor
from probes.state import FloatArray

__all__ = ["Looking", "attention"]

_FLASH = b"FLASH_ATTN_EXT"
_PLAIN = b"kq_soft_max-"
# Largest error of what comes of the attention, relative to its size: llama.cpp rounds queries and
# sums to half precision. A sink or a cap that was passed over changes more.
_TOLERANCE = 0.02


def attention(
    queries: FloatArray,
    keys: FloatArray,
    mask: FloatArray,
    *,
    scale: float,
    cap: float = 0.0,
    sinks: FloatArray | None = None,
) -> FloatArray:
    """Attention probabilities, as llama.cpp's flash attention has them.

    Args:
        queries: ``[heads, rows, width]``.
        keys: ``[heads or fewer, cells, width]``; neighbouring heads share them.
        mask: ``[rows, cells]``, added to the scores.
        scale: of the scores.
        cap: scores stay between this and its negative; 0 for none.
        sinks: ``[heads]``: a score that takes part and is no cell's.

    Returns:
        ``[heads, rows, cells]``, which add up to 1 over the cells, or to less with sinks.
    """
    heads, rows, width = queries.shape
    grouped = queries.reshape(len(keys), -1, width)
    scores = (grouped @ keys.transpose(0, 2, 1)).reshape(heads, rows, -1) * np.float32(scale)
    if cap:
        scores = np.float32(cap) * np.tanh(scores / np.float32(cap))
    scores += mask
    most = scores.max(axis=-1, keepdims=True)
    rest = np.float32(0)
    if sinks is not None:
        most = np.maximum(most, sinks[:, None, None])
        rest = np.exp(sinks[:, None, None] - most)
    weights = np.exp(scores - most)
    return np.asarray(weights / (weights.sum(axis=-1, keepdims=True) + rest), dtype=np.float32)


class Looking:
    """Collects how much rows attend to spans, layer by layer.

    The rows that decode calls get are those that mark, then those that look: the rows of one
    session behind those of another.

    Args:
        marks: the spans, and how many rows mark.
        layers: how many layers the model has.
        rows: how many rows look, of each session.
        wanted: layers that are asked for; None for all.
        check: compare what comes of the attention with what the model makes of it.
    """

    def __init__(
        self,
        marks: Marks,
        *,
        layers: int,
        rows: Sequence[int],
        wanted: Sequence[int] | None = None,
        check: bool = False,
    ) -> None:
        self._marks = marks
        self._layers = layers
        self._firsts = list(accumulate(rows[:-1], initial=0))
        self._check = check
        self._numbers: dict[int, NDArray[np.int64]] = {}
        self._found: dict[int, list[FloatArray]] = {
            layer: [] for layer in (range(layers) if wanted is None else wanted)
        }
        self._seen = 0
        self._rows = 0
        self._failure = ""

    def begin(self, rows: int) -> None:
        """A decode call of so many rows begins; behind them stands padding."""
        self._rows = rows

    def wants(self, tensor: Tensor) -> bool:
        """Whether this tensor shows a layer's attention."""
        return tensor.operation == _FLASH or tensor.name.startswith(_PLAIN)

    def asks(self) -> bool:
        """Whether the next layer is asked for; called once a layer."""
        layer = self._seen % self._layers
        self._seen += layer not in self._found
        return layer in self._found

    def add(self, tensor: Tensor) -> None:
        """Add the next layer of this call, or the first one of the next call.

        Raises:
            ModelError: the tensor is not what it should be.
        """
        call, layer = divmod(self._seen, self._layers)
        skipped = 0 if call else len(self._marks.sequences)
        self._seen += 1
        masks = tensor.source(3 if tensor.operation == _FLASH else 1)
        if masks is None:
            raise ModelError("the layers have no mask")
        *outer, rows, cells = masks.shape
        if any(size != 1 for size in outer):
            raise ModelError("the cache has a part of its own for each sequence")
        mask = masks.array().reshape(rows, cells)[: self._rows]
        sees = np.isfinite(mask)
        numbers = self._numbers[layer] if call else self._marks.numbers(sees[:skipped])
        before = sum(part.shape[1] for part in self._found[layer]) - skipped
        for first in self._firsts:
            if skipped <= first - before < len(sees):
                numbers = self._marks.with_own(numbers, sees[first - before])
        self._numbers[layer] = numbers
        inside = self._marks.inside(numbers, cells)
        near = np.flatnonzero(sees[skipped:].any(axis=0))
        wanted = slice(skipped, len(sees))
        found = (
            self._flash(tensor, mask[wanted], wanted, near)
            if tensor.operation == _FLASH
            else tensor.array()[0, :, wanted][..., near]
        )
        self._found[layer].append(found @ inside[near])

    def fail(self, why: Exception) -> None:
        """What went wrong inside of llama.cpp, through which nothing can be raised."""
        self._failure = self._failure or str(why)

    def why_not(self) -> str:
        """Why this is not the attention of all layers; empty where it is."""
        if self._failure:
            return self._failure
        if self._seen % self._layers or not self._seen:
            return f"{self._seen} of {self._layers} layers show attention"
        if len({layer[0].shape[0] for layer in self._found.values()}) != 1:
            return "its layers have different numbers of heads"
        return ""

    def found(self) -> list[FloatArray]:
        """``[layers, heads, rows, spans]`` of each session.

        Raises:
            ModelError: a layer did not show it.
        """
        why = self.why_not()
        if why:
            raise ModelError(f"attention cannot be read: {why}")
        layers = np.stack([np.concatenate(parts, axis=1) for parts in self._found.values()])
        return np.split(layers, self._firsts[1:], axis=2)

    def _flash(
        self, tensor: Tensor, mask: FloatArray, rows: slice, near: NDArray[np.int64]
    ) -> FloatArray:
        """``[heads, rows, cells that are near]``."""
        parts = [part for place in range(3) if (part := tensor.source(place)) is not None]
        if len(parts) < 3 or any(part.shape[0] != 1 for part in parts):
            raise ModelError("flash attention takes what is not known here")
        queries, keys = (part.array()[0] for part in parts[:2])
        scale, slope, cap = tensor.parameters(3)
        if slope:
            raise ModelError("its scores have a slope over the distance")
        sinks = tensor.source(4)
        found = attention(
            queries[:, rows],
            keys[:, near],
            mask[:, near],
            scale=scale,
            cap=cap,
            sinks=None if sinks is None else sinks.array().reshape(-1),
        )
        if self._check:
            values = parts[2].array()[0]
            shared = len(queries) // len(values)
            made = found @ values[:, near].repeat(shared, axis=0)
            given = tensor.array()[0, rows].transpose(1, 0, 2)
            # A comparison with NaN is false.
            if not np.linalg.norm(made - given) <= _TOLERANCE * np.linalg.norm(given):
                raise ModelError("its attention is no plain softmax of scaled scores")
        return found
