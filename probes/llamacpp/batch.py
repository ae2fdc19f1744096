"""A reusable llama.cpp batch, filled from token rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import llama_cpp

__all__ = ["Batch", "Row"]


class Row(NamedTuple):
    """One token to evaluate: at ``position`` of sequence ``sequence``, with logits or not."""

    token: int
    position: int
    sequence: int
    logits: bool


class Batch:
    """Memory for up to ``capacity`` rows, kept for the life of a model."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._batch: llama_cpp.llama_batch = llama_cpp.llama_batch_init(capacity, 0, 1)

    def fill(self, rows: Sequence[Row]) -> llama_cpp.llama_batch:
        """Fill the batch; at most ``capacity`` rows."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for index, row in enumerate(rows):
            batch.token[index] = row.token
            # The bindings declare this int32_t * as an array of arrays.
            batch.pos[index] = row.position  # type: ignore[call-overload]
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = row.sequence
            batch.logits[index] = row.logits
        return batch

    def close(self) -> None:
        """Free the memory."""
        llama_cpp.llama_batch_free(self._batch)
