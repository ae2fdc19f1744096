"""Evaluates token rows under llama.cpp: logits, layers on request, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

import llama_cpp
import numpy as np

from probes.cost import Meter
from probes.errors import ModelError
from probes.llamacpp.batch import Batch, Row
from probes.llamacpp.cells import PADDING, Cells
from probes.llamacpp.tap import LayerTap
from probes.state import FloatArray

__all__ = ["BATCH_TOKENS", "Evaluator"]

BATCH_TOKENS = 512
_NO_SLOT = 1


class Evaluator:
    """One context and the batch that it is fed with.

    Attributes:
        meter: counts what is evaluated.

    Args:
        tap: the context's own.
        cells: the context's cache, of ``cache_size`` cells.
        width, vocabulary: of the model.
    """

    def __init__(
        self,
        context: llama_cpp.llama_context_p,
        tap: LayerTap,
        cells: Cells,
        *,
        cache_size: int,
        width: int,
        vocabulary: int,
    ) -> None:
        self.meter = Meter()
        self._context = context
        self._tap = tap
        self._cells = cells
        self._cache_size = cache_size
        self._width = width
        self._vocabulary = vocabulary
        self._batch = Batch(BATCH_TOKENS)

    def shows(self, row: Row, layers: int) -> bool:
        """Whether evaluating a row shows so many layers; nobody is charged for it."""
        before = self.meter.cost
        self._tap.open(range(layers))
        try:
            self.evaluate([row])
        finally:
            seen = self._tap.close()
            self.meter.cost = before
        return len(seen) == layers

    def tapped(
        self, rows: Sequence[Row], layers: Sequence[int], *, decoding: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Evaluate rows that all have logits.

        Returns:
            ``[rows, vocabulary]`` logits, borrowed, and ``[layers, rows, width]`` states.
        """
        if not layers:
            empty = np.empty((0, len(rows), self._width), dtype=np.float32)
            return self.evaluate(rows, decoding=decoding), empty
        self._tap.open(layers)
        try:
            logits = self.evaluate(rows, decoding=decoding)
        finally:
            read = self._tap.close()
        return logits, np.stack([read[layer][: len(rows)] for layer in layers])

    def evaluate(self, rows: Sequence[Row], *, decoding: bool = False) -> FloatArray:
        """Evaluate rows, a batch at most; returns ``[rows with logits, vocabulary]``, borrowed.

        llama.cpp has other kernels for one row than for several, with other rounding. A row by
        itself is padded, so that a reading does not depend on what was evaluated beside it. The
        padding is not counted.

        Raises:
            ModelError: the cache is full, or llama.cpp fails.
        """
        if len(rows) == 1:
            padding = Row(rows[0].token, 0, PADDING, logits=rows[0].logits)
            try:
                return self._run([*rows, padding], counted=1, decoding=decoding)
            finally:
                self._cells.forget(PADDING, 0)
        return self._run(rows, counted=len(rows), decoding=decoding)

    def decode(self, row: Row) -> None:
        """Evaluate a row from which a token is drawn, not read.

        It is not padded: one row is faster than two.

        Raises:
            ModelError: as :meth:`evaluate`.
        """
        self._run([row], counted=1, decoding=True)

    def close(self) -> None:
        """Free the batch."""
        self._batch.close()

    def _run(self, rows: Sequence[Row], counted: int, *, decoding: bool) -> FloatArray:
        status = llama_cpp.llama_decode(self._context, self._batch.fill(rows))
        if status == _NO_SLOT:
            raise ModelError(
                f"the cache of {self._cache_size} tokens is full",
                hint="ask for fewer chunks (k), or raise context_size",
                param="context_size",
            )
        if status != 0:
            raise ModelError(f"llama.cpp failed to evaluate {len(rows)} tokens (code {status})")
        if decoding:
            self.meter.decode(counted)
        else:
            self.meter.prefill(counted)
        wanted = sum(row.logits for row in rows[:counted])
        if not wanted:
            return np.empty((0, self._vocabulary), dtype=np.float32)
        pointer = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, shape=(wanted, self._vocabulary))
