"""The ratios of a benchmark as curves over the number of chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eval.bench.summary import Comparison
from selector.statistics.interval import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["picture"]

_PANELS = (
    ("evaluations", "token evaluations"),
    ("first", "time to first token"),
    ("whole", "time of the whole answer"),
)


def picture(compared: Mapping[str, Sequence[Comparison]]) -> Figure:
    """One row of panels a model and backend, one line for cold or warm and a length of chunks."""
    from matplotlib.figure import Figure

    size = (11, 3.2 * len(compared) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    place = 0
    for title, rows in compared.items():
        for name, label in _PANELS:
            place += 1
            axes = figure.add_subplot(len(compared), len(_PANELS), place)
            for mode, length in dict.fromkeys((row.mode, row.length) for row in rows):
                own = [row for row in rows if (row.mode, row.length) == (mode, length)]
                found: list[Interval] = [getattr(row, name) for row in own]
                axes.errorbar(
                    [row.k for row in own],
                    [ratio.value for ratio in found],
                    yerr=[
                        [ratio.value - ratio.low for ratio in found],
                        [ratio.high - ratio.value for ratio in found],
                    ],
                    fmt="o-" if mode == "overlay" else "s--",
                    capsize=3,
                    label=f"{'cold' if mode == 'overlay' else mode}, {length} tokens a chunk",
                )
            axes.axhline(1, color="grey", linewidth=0.8)
            axes.set_ylim(bottom=0)
            axes.set_xlabel("chunks")
            axes.set_title(f"{label}, {title.rpartition(' on ')[2]}", fontsize=10)
            axes.set_ylabel(f"ratio to {rows[0].base}")
            if place == 1:
                axes.legend(fontsize=8)
    return figure
