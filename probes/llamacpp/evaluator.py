"""Evaluates token rows under llama.cpp: logits, layers on request, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

import llama_cpp
import numpy as np
from threadpoolctl import ThreadpoolController

from probes.cost import Meter
from probes.errors import ModelError, NoRoomError
from probes.llamacpp.batch import Batch, Row
from probes.llamacpp.cells import PADDING, Cells
from probes.llamacpp.looking import Looking
from probes.llamacpp.padding import LEAST, LEAST_ALONE, Calls, Padding, even, to_a_tile
from probes.llamacpp.sampler import Sampler
from probes.llamacpp.tap import LayerTap
from probes.state import FloatArray
from probes.turns import Turns

__all__ = ["BATCH_TOKENS", "MICRO_BATCH_TOKENS", "Draw", "Evaluation", "Evaluator"]

BATCH_TOKENS = 512
MICRO_BATCH_TOKENS = 60
"""Rows that go through the layers at once on a CPU.

From 64 on, llama.cpp's attention takes cells by tiles, and rounds by where in its tile a cell lies.
"""
_LOOKING_ROWS = 128
_NO_SLOT = 1


@cache
def _blas() -> ThreadpoolController:
    """NumPy's threads; finding them takes milliseconds."""
    return ThreadpoolController()


class Evaluation(NamedTuple):
    """What the rows with logits gave.

    Attributes:
        logits: ``[rows, vocabulary]``, borrowed: llama.cpp's buffer until the next call.
        hidden: ``[layers, rows, width]`` for the layers asked for.
    """

    logits: FloatArray
    hidden: FloatArray


@dataclass(frozen=True, slots=True)
class Draw:
    """Rows of one session, from which a token is drawn.

    Attributes:
        rows: one, and perhaps another that guesses that token.
        layers: to be read.
        use: gets what they gave, or the first of them alone, and its place in the call, before
            anything else is evaluated.
    """

    rows: Sequence[Row]
    layers: Sequence[int]
    use: Callable[[Evaluation, int], None]


class Evaluator:
    """One context and the batch that it is fed with.

    Attributes:
        meter: counts what is evaluated.
        turns: of the tasks that share the model.

    Args:
        tap: the context's own.
        cells: the context's cache.
        calls: how rows are put into calls; so many go through the context's layers at once.
        width, vocabulary: of the model.
    """

    def __init__(
        self,
        context: llama_cpp.llama_context_p,
        tap: LayerTap,
        cells: Cells,
        calls: Calls,
        *,
        width: int,
        vocabulary: int,
    ) -> None:
        self.meter = Meter()
        self.turns = Turns(self.meter, self._draw_all)
        self._context = context
        self._tap = tap
        self._cells = cells
        self._calls = calls
        self._width = width
        self._vocabulary = vocabulary
        self._batch = Batch(BATCH_TOKENS)

    def shows(self, rows: Sequence[Row], layers: int, looking: Looking) -> bool:
        """Whether evaluating rows shows so many layers; nobody is charged for it.

        Args:
            rows: as many as need no padding.
            looking: gets what the rows attend to.
        """
        before = self.meter.cost
        self._tap.open(range(layers))
        try:
            self._look(rows, looking)
        finally:
            seen = self._tap.close()
            self.meter.cost = before
        # Some architectures have several streams of states: more rows, of which none is the state.
        return len(seen) == layers and all(len(found) == len(rows) for found in seen.values())

    def attend(self, rows: Sequence[Row], looking: Looking, count: int) -> None:
        """Evaluate rows without logits, and collect what they attend to.

        Args:
            count: of how many rows is asked; the others are not counted.

        Raises:
            ModelError: as :meth:`evaluate`.
        """
        # Few enough on a GPU, too: the attention of all heads to all cells is held at a time.
        step = min(self._calls.rows, _LOOKING_ROWS)
        for start in range(0, len(rows), step):
            self._look(rows[start : start + step], looking)
        self.meter.prefill(count)

    def tapped(
        self,
        rows: Sequence[Row],
        layers: Sequence[int],
        *,
        decoding: bool = False,
        alone: bool = False,
    ) -> Evaluation:
        """Evaluate rows that all have logits, see :meth:`evaluate`."""
        return self._tapped(
            len(rows), layers, lambda: self.evaluate(rows, decoding=decoding, alone=alone)
        )

    def evaluate(
        self, rows: Sequence[Row], *, decoding: bool = False, alone: bool = False
    ) -> FloatArray:
        """Evaluate rows, a batch at most; returns ``[rows with logits, vocabulary]``, borrowed.

        The rows of a call must all have logits, or none. Padded to be exact, a reading does not
        depend on what was evaluated beside it, to the last bit. Padding is not counted.

        Args:
            decoding: a token is drawn for each row.
            alone: nothing was to be evaluated beside these rows, and never is: two are enough.

        Raises:
            ModelError: the cache is full, or llama.cpp fails.
        """
        logits = self._run(rows, even(len(rows), self._calls.rows, alone=alone))
        count = self.meter.decode if decoding else self.meter.prefill
        count(len(rows))
        return logits

    def draw(self, sampler: Sampler, row: int) -> int:
        """Draw a token from the logits of a row of the last call."""
        return sampler.draw(self._context, row)

    def decode(self, draw: Draw) -> None:
        """Evaluate the rows from which a token is drawn, beside those of other tasks.

        Only the first row is counted.

        Raises:
            ModelError: as :meth:`evaluate`.
        """
        if not self.turns.wait(draw):
            self._draw_all([draw])
        self.meter.decode(1)

    def close(self) -> None:
        """Free the batch."""
        self._batch.close()

    def _draw_all(self, draws: Sequence[Draw]) -> None:
        """In one call where no layer is read; rounded exactly, each in one of its own.

        One row is padded to two: for one alone, attention rounds by where its cells lie. Of several
        draws each row takes its time, and what guesses a token is left out.
        """
        exact = self._calls.padding is Padding.EXACT
        apart = [draw for draw in draws if draw.layers or exact]
        beside = [draw for draw in draws if not (draw.layers or exact)]
        for group in [*([beside] if beside else []), *([draw] for draw in apart)]:
            parts = [draw.rows if len(group) == 1 else draw.rows[:1] for draw in group]
            rows = [row for part in parts for row in part]
            missing = max(0, LEAST_ALONE - len(rows))
            read = self._tapped(len(rows), group[0].layers, partial(self._run, rows, missing))
            first = 0
            for draw, part in zip(group, parts, strict=True):
                end = first + len(part)
                draw.use(Evaluation(read.logits[first:end], read.hidden[:, first:end]), first)
                first = end

    def _look(self, rows: Sequence[Row], looking: Looking) -> None:
        looking.begin(len(rows))
        self._tap.looking = looking
        try:
            # The library's own threads spin while NumPy works, and its would wait for them.
            with _blas().limit(limits=1, user_api="blas"):
                self._run(rows, max(0, LEAST - len(rows)))
        finally:
            self._tap.looking = None

    def _tapped(
        self, count: int, layers: Sequence[int], evaluate: Callable[[], FloatArray]
    ) -> Evaluation:
        """What evaluating the first ``count`` rows gives; behind them stands padding."""
        if not layers:
            return Evaluation(evaluate(), np.empty((0, count, self._width), dtype=np.float32))
        self._tap.open(layers)
        try:
            logits = evaluate()
        finally:
            read = self._tap.close()
        return Evaluation(logits, np.stack([read[layer][:count] for layer in layers]))

    def _tile(self, rows: Sequence[Row]) -> int:
        """How many rows are missing for a tile, where it is worth while."""
        cells = sum(row.position for row in rows) / len(rows)
        return to_a_tile(len(rows), cells, self._calls.balanced)

    def _run(self, rows: Sequence[Row], missing: int) -> FloatArray:
        """Evaluate rows, and of padding what is missing; nobody is charged for it.

        Args:
            missing: where calls are padded to be exact.
        """
        if self._calls.padding is not Padding.EXACT:
            missing = self._tile(rows) if self._calls.padding is Padding.TILES else 0
        # What is drawn from, and what multiplies the vocabulary, rounds by how many rows do so.
        last = rows[-1]._replace(
            sequence=PADDING, logits=rows[-1].logits and self._calls.padding is Padding.EXACT
        )
        padding = [last._replace(position=place) for place in range(missing)]
        batch = self._batch.fill([*rows, *padding])
        try:
            status = llama_cpp.llama_decode(self._context, batch)
            if status == _NO_SLOT:
                self._cells.reclaim()
                status = llama_cpp.llama_decode(self._context, batch)
            if status == _NO_SLOT and padding and self._calls.padding is Padding.TILES:
                batch = self._batch.fill(rows)
                status = llama_cpp.llama_decode(self._context, batch)
        finally:
            self._cells.drop_padding()
        if status == _NO_SLOT:
            raise NoRoomError(
                f"the cache of {llama_cpp.llama_n_ctx(self._context)} tokens is full",
                hint="ask for fewer chunks (k), or raise context_size",
                param="context_size",
            )
        if status != 0:
            raise ModelError(f"llama.cpp failed to evaluate {len(rows)} tokens (code {status})")
        if not rows[0].logits:
            return np.empty((0, self._vocabulary), dtype=np.float32)
        pointer = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, shape=(len(rows), self._vocabulary))
