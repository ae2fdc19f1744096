"""Evaluates the rows of several sessions in one forward call of batch size 1.

All sessions' cells lie side by side in one cache, each distinct segment once, and all new rows
form one sequence. What tells the sessions apart is a mask, and what tells the rows' places is
explicit positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from transformers import DynamicCache, PreTrainedModel

from probes.cost import Meter
from probes.errors import ModelError
from probes.transformers.architecture import AttentionKinds, decoder_layers
from probes.transformers.attention import View, Views, attend_by_view, kernels
from probes.transformers.buffer import LayerBuffer
from probes.transformers.cells import Cells, Segment
from probes.transformers.looking import Looking

__all__ = ["Evaluation", "Evaluator", "Row", "Workspace"]


class Row(NamedTuple):
    """One token to evaluate, at ``position`` of view ``view``, with logits or not."""

    token: int
    position: int
    view: int
    logits: bool


class Evaluation(NamedTuple):
    """What the rows with logits gave.

    Attributes:
        logits: ``[rows, vocabulary]``, in the model's type and on its device.
        hidden: ``[rows, width]`` for each layer asked for: the block's output, before any norm.
    """

    logits: torch.Tensor
    hidden: list[torch.Tensor]


class Workspace:
    """A growing cache over what several views see, for one or more evaluations.

    Args:
        views: what each session sees. Rows of a view see its cells, and earlier rows of it.
        layers: layers that keep cells.
        room: rows that will be evaluated.
    """

    def __init__(self, views: Sequence[Cells], layers: int, room: int) -> None:
        extents: dict[Segment, tuple[int, int]] = {}
        for span in (span for view in views for span in view):
            low, high = extents.get(span.segment, (span.start, span.stop))
            extents[span.segment] = (min(low, span.start), max(high, span.stop))
        # The column of the cell at position p is p + shift.
        shifts: dict[Segment, int] = {}
        self.positions: list[int] = []
        for segment, (low, high) in extents.items():
            shifts[segment] = len(self.positions) - low
            self.positions += range(low, high)
        self._columns = [
            [(span.start + shifts[span.segment], span.stop + shifts[span.segment]) for span in view]
            for view in views
        ]
        self.cache = DynamicCache()
        self._buffers = [LayerBuffer(list(_parts(extents, n)), room) for n in range(layers)]
        self.cache.layers = list(self._buffers)
        self.cache.layer_class_to_replicate = None

    def append(self, rows: Sequence[Row]) -> tuple[torch.Tensor, list[View]]:
        """Add columns for ``rows``, which must stand together and in order in each view.

        Returns:
            ``[rows, columns]``, true where a row sees a column; and the views that have rows.
        """
        past = len(self.positions)
        sees = torch.zeros((len(rows), past + len(rows)), dtype=torch.bool)
        views = []
        start = 0
        for view, group in groupby(rows, key=lambda row: row.view):
            stop = start + len(list(group))
            for first, last in self._columns[view]:
                sees[start:stop, first:last] = True
            own = torch.ones((stop - start, stop - start), dtype=torch.bool).tril()
            sees[start:stop, past + start : past + stop] = own
            self._extend(view, past + start, past + stop)
            views.append(View(slice(start, stop), list(self._columns[view])))
            start = stop
        self.positions += [row.position for row in rows]
        return sees, views

    def take(self, column: int, count: int) -> Segment:
        """A segment with copies of ``count`` cells from ``column`` on."""
        return Segment(
            self.positions[column],
            tuple(buffer.take(column, column + count) for buffer in self._buffers),
        )

    def _extend(self, view: int, first: int, last: int) -> None:
        columns = self._columns[view]
        if columns and columns[-1][1] == first:
            first, _ = columns.pop()
        columns.append((first, last))


class Evaluator:
    """Runs a model.

    Attributes:
        meter: counts what is evaluated.
        layers: the transformer blocks; empty where the model does not show them.
        depth: how many layers there are.
        by_view: whether attention is the function of :mod:`probes.transformers.attention`.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.meter = Meter()
        self.layers = decoder_layers(model)
        self._model = model
        self.by_view = attend_by_view(model)
        self._kinds = AttentionKinds(model.config)
        self.depth: int = model.config.get_text_config(decoder=True).num_hidden_layers

    def workspace(self, views: Sequence[Cells], room: int) -> Workspace:
        """A workspace for this model."""
        return Workspace(views, self.depth, room)

    def run(
        self,
        workspace: Workspace,
        rows: Sequence[Row],
        layers: Sequence[int] = (),
        *,
        decoding: bool = False,
        looking: Looking | None = None,
    ) -> Evaluation:
        """Evaluate ``rows``, whose cells then stand in the workspace.

        Args:
            decoding: each row is there for the token that it draws; for the meter.
            looking: gets what the rows attend to.

        Raises:
            ModelError: the device has too little memory.
        """
        device = self._model.device
        wanted = torch.tensor([i for i, row in enumerate(rows) if row.logits], dtype=torch.long)
        wanted = wanted.to(device)
        sees, parts = workspace.append(rows)
        sees = sees.to(device)
        options: dict[str, Views | Looking] = {}
        if self.by_view and len(parts) > 1:
            views = Views(parts, sees.shape[1])
            options = {"views": views} if views.pays else {}
        if looking is not None:
            looking.begin(workspace.positions)
            options = {"looking": looking}
        positions = torch.tensor([[row.position for row in rows]], device=device)
        distance = None
        if self._kinds.window is not None:
            cells = torch.tensor(workspace.positions, device=device)
            distance = positions[0, :, None] - cells
        hidden: dict[int, torch.Tensor] = {}
        hooks = [
            self.layers[layer].register_forward_hook(_keep(hidden, layer, wanted))
            for layer in set(layers)
        ]
        try:
            with torch.no_grad(), kernels(device):
                output = self._model(
                    input_ids=torch.tensor([[row.token for row in rows]], device=device),
                    attention_mask=self._kinds.masks(_additive(sees, self._model.dtype), distance),
                    position_ids=positions,
                    past_key_values=workspace.cache,
                    use_cache=True,
                    logits_to_keep=wanted,
                    **options,
                )
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"the device has no memory left for {len(rows)} more tokens",
                hint="lower context_size, ask for fewer chunks (k), or set quantize",
                param="context_size",
            ) from error
        finally:
            for hook in hooks:
                hook.remove()
        if decoding:
            self.meter.decode(len(rows))
        else:
            self.meter.prefill(len(rows))
        return Evaluation(output.logits[0], [hidden[layer] for layer in layers])


def _parts(
    extents: dict[Segment, tuple[int, int]], layer: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The keys and values of one layer that any view sees."""
    for segment, (low, high) in extents.items():
        pair = segment.layers[layer]
        if pair is not None:
            first, last = low - segment.start, high - segment.start
            yield pair[0][..., first:last, :], pair[1][..., first:last, :]


def _additive(sees: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    mask = torch.zeros(sees.shape, dtype=dtype, device=sees.device)
    return mask.masked_fill_(~sees, torch.finfo(dtype).min)


def _keep(
    into: dict[int, torch.Tensor], layer: int, wanted: torch.Tensor
) -> Callable[[torch.nn.Module, object, object], None]:
    def hook(_module: torch.nn.Module, _inputs: object, output: object) -> None:
        states = output[0] if isinstance(output, tuple) else output
        assert isinstance(states, torch.Tensor)  # noqa: S101 - tells mypy what layers return
        into[layer] = states[0, wanted]

    return hook
