"""One layer's growing KV cache: room is made ahead, so that a step copies only its own cells."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers.cache_utils import CacheLayerMixin

__all__ = ["LayerBuffer"]

_Pair = tuple[torch.Tensor, torch.Tensor]


class LayerBuffer(CacheLayerMixin):  # type: ignore[no-untyped-call]  # the base's subclass hook
    """Keys and values of one layer.

    Args:
        parts: keys and values to begin with, each ``[1, heads, cells, width of a head]``; they
            are copied, once, when the layer is first used.
        room: cells that will be added. More is allowed, and costs a copy of the whole buffer.
    """

    is_sliding = False

    def __init__(self, parts: Sequence[_Pair], room: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # transformers has no types here
        self._parts = list(parts)
        self._used = sum(keys.shape[-2] for keys, _ in self._parts)
        self._room = room
        self._held: _Pair | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Allocate the buffer; its shape follows from the first new cells."""
        self._allocate(key_states, value_states)

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_args: object,
        **_kwargs: object,
    ) -> _Pair:
        """Append cells ``[1, heads, new, width]``; return all keys and all values, as views."""
        keys, values = self._held or self._allocate(key_states, value_states)
        end = self._used + key_states.shape[-2]
        if end > keys.shape[-2]:
            used = slice(self._used)
            keys = _grown([keys[..., used, :]], keys, 2 * end)
            values = _grown([values[..., used, :]], values, 2 * end)
            self._held = keys, values
        keys[..., self._used : end, :] = key_states
        values[..., self._used : end, :] = value_states
        self._used = end
        return keys[..., :end, :], values[..., :end, :]

    def take(self, start: int, stop: int) -> _Pair | None:
        """A copy of cells ``start`` to ``stop - 1``; None where the layer was never used."""
        if self._held is None:
            return None
        keys, values = self._held
        return keys[..., start:stop, :].clone(), values[..., start:stop, :].clone()

    def get_seq_length(self) -> int:
        """Cells in use."""
        return self._used

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Cells that ``query_length`` new rows attend to, and the first one's index."""
        return self._used + query_length, 0

    def get_max_length(self) -> int:
        """No limit."""
        return -1

    def _allocate(self, key_states: torch.Tensor, value_states: torch.Tensor) -> _Pair:
        capacity = self._used + max(self._room, key_states.shape[-2])
        self._held = (
            _grown([keys for keys, _ in self._parts], key_states, capacity),
            _grown([values for _, values in self._parts], value_states, capacity),
        )
        self._parts = []
        self.is_initialized = True
        return self._held


def _grown(parts: Sequence[torch.Tensor], like: torch.Tensor, capacity: int) -> torch.Tensor:
    buffer = like.new_empty((*like.shape[:-2], capacity, like.shape[-1]))
    used = 0
    for part in parts:
        buffer[..., used : used + part.shape[-2], :] = part
        used += part.shape[-2]
    return buffer
