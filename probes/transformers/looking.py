"""What rows attend to, worked out beside the kernels, which do not tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from probes.errors import ModelError
from probes.state import FloatArray

__all__ = ["Looking"]

# Largest error of what comes of the attention, relative to its size, in half precision. A sink or
# a cap that was passed over changes more.
_TOLERANCE = 0.02


class Looking:
    """Collects how much rows attend to spans of their session.

    Args:
        spans: ``start`` and ``stop`` of positions ``start`` to ``stop - 1``.
        wanted: layers that are asked for; None for all.
        check: compare what comes of the attention with what the model makes of it.
    """

    def __init__(
        self,
        spans: Sequence[tuple[int, int]],
        wanted: Sequence[int] | None = None,
        *,
        check: bool = False,
    ) -> None:
        self._spans = spans
        self._wanted = None if wanted is None else set(wanted)
        self._check = check
        self._inside = torch.empty(0)
        self._calls: list[list[torch.Tensor | None]] = []
        self._failure = ""

    def begin(self, positions: Sequence[int]) -> None:
        """A forward call begins, over cells at these positions, in the order of the columns."""
        places = torch.tensor(positions)
        inside = [(places >= start) & (places < stop) for start, stop in self._spans]
        self._inside = torch.stack(inside, dim=1).float()
        self._calls.append([])

    def add(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        *,
        mask: torch.Tensor | None,
        scaling: float | None,
        output: torch.Tensor,
    ) -> None:
        """Add a layer.

        Args:
            query: ``[1, heads, rows, width of a head]``.
            key, value: ``[1, heads or fewer, columns, width of a head]``.
            mask: ``[1, 1 or heads, rows, columns]``, added to the scores.
            scaling: of the scores; one over the root of the width by default.
            output: ``[1, rows, heads, width of a head]``, what the model makes of these.
        """
        if mask is None or mask.dtype == torch.bool or key.shape[-2] != self._inside.shape[0]:
            self._failure = "its layers do not keep to the masks that they are given"
            return
        if self._wanted is not None and len(self._calls[-1]) not in self._wanted:
            self._calls[-1].append(None)
            return
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        exact = torch.promote_types(query.dtype, torch.float32)
        shared = query.shape[1] // key.shape[1]
        keys = key[0].to(exact).repeat_interleave(shared, dim=0)
        scores = query[0].to(exact) @ keys.mT * scale + mask[0].to(exact)
        attention = scores.softmax(dim=-1)
        if self._check:
            values = value[0].to(exact).repeat_interleave(shared, dim=0)
            made = (attention @ values).transpose(0, 1)
            # A comparison with NaN is false.
            if not (made - output[0]).norm() <= _TOLERANCE * output.norm():
                self._failure = "its attention is no plain softmax of scaled scores"
        inside = self._inside.to(attention.device, attention.dtype)
        self._calls[-1].append((attention @ inside).float().cpu())

    def why_not(self, layers: int) -> str:
        """Why this is not the attention of ``layers`` layers; empty where it is."""
        if self._failure:
            return self._failure
        for call in self._calls:
            if len(call) != layers:
                return f"{len(call)} of its {layers} layers show attention"
            if len({layer.shape[0] for layer in call if layer is not None}) != 1:
                return "its layers have different numbers of heads"
        return ""

    def found(self, layers: int) -> FloatArray:
        """``[layers, heads, rows, spans]``.

        Raises:
            ModelError: a layer did not show it.
        """
        why = self.why_not(layers)
        if why:
            raise ModelError(f"attention cannot be read: {why}")
        known = ([layer for layer in call if layer is not None] for call in self._calls)
        stacked = torch.cat([torch.stack(call) for call in known], dim=2)
        return np.asarray(stacked.numpy(), dtype=np.float32)
