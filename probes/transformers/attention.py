"""Attention in which the rows of a view meet that view's cells only.

Sessions that are evaluated side by side form one sequence, and a mask tells them apart. Scaled
dot product attention compares every row with every cell first, and masks then: with ten long
prompts nine tenths of that work are thrown away. Here it goes view by view, with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from probes.transformers.looking import Looking

__all__ = ["View", "Views", "attend_by_view", "kernels"]

_NAME = "overlay_views"
_PLAIN = "sdpa"
# Cells of the mask that take as long as going over one more view does.
_OVERHEAD = 2048


class View(NamedTuple):
    """Rows of one session, and the cells that they may see: ranges of columns."""

    rows: slice
    columns: list[tuple[int, int]]


class Views:
    """The views of one forward call.

    Args:
        views: cover all rows, in order.
        columns: cells that there are.
    """

    def __init__(self, views: Sequence[View], columns: int) -> None:
        sizes = [sum(stop - start for start, stop in view.columns) for view in views]
        rows = [view.rows.stop - view.rows.start for view in views]
        own = sum(row * size for row, size in zip(rows, sizes, strict=True))
        self.pays = own + _OVERHEAD * len(views) < sum(rows) * columns
        self._views = views
        self._masks: dict[int, list[torch.Tensor]] = {}

    def attend(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor,
        **options: Any,
    ) -> torch.Tensor:
        """Attention of all rows, ``[1, rows, heads, width]``."""
        parts = []
        for (rows, columns), own in zip(self._views, self._own_masks(mask), strict=True):
            part, _ = sdpa_attention_forward(
                module,
                query[:, :, rows],
                _gather(key, columns, dim=2),
                _gather(value, columns, dim=2),
                own,
                **options,
            )
            parts.append(part)
        return torch.cat(parts, dim=1)

    def _own_masks(self, mask: torch.Tensor) -> list[torch.Tensor]:
        """Each view's part of a mask, cut once for all layers that have this mask."""
        if id(mask) not in self._masks:
            self._masks[id(mask)] = [
                _gather(mask[:, :, rows], columns, dim=3) for rows, columns in self._views
            ]
        return self._masks[id(mask)]


def _gather(tensor: torch.Tensor, spans: Sequence[tuple[int, int]], dim: int) -> torch.Tensor:
    parts = [tensor.narrow(dim, start, stop - start) for start, stop in spans]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def attend_by_view(model: PreTrainedModel) -> bool:
    """Let a model's attention take :class:`Views`, as the argument ``views`` of its forward call.

    Without that argument, and in a model that does not hand it on, attention is what it was.

    Returns:
        Whether the model's attention is of the kind that can be cut.
    """
    if model.config._attn_implementation != _PLAIN:
        return False
    AttentionInterface.register(_NAME, _forward)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)
    return bool(model.config._attn_implementation == _NAME)


def kernels(device: torch.device) -> AbstractContextManager[object]:
    """Which kernels attention may take on a device: all of them, but on a GPU not cuDNN's.

    cuDNN makes a plan for every new shape, which takes longer than the attention itself, and here
    the number of cells is another one in nearly every call.
    """
    if device.type != "cuda":
        return nullcontext()
    return sdpa_kernel(
        [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    )


def _forward(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    views: Views | None = None,
    looking: Looking | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    if looking is not None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        scaling = options.get("scaling")
        looking.add(query, key, value, mask=attention_mask, scaling=scaling, output=output)
        return output, None
    if views is None or attention_mask is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    return views.attend(module, query, key, value, attention_mask, **options), None
