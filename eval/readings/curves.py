"""``overlay curves``: what each probe costs as chunks grow longer."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

    from overlay.settings import Settings
    from probes.protocol import DifferentiableModel, Model

__all__ = ["Cost", "curves", "growth", "measure"]

_QUESTION = "What was on the table?"
_SPANS = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """One probe on one chunk.

    Attributes:
        length: tokens of the chunk.
        evaluated: model-token evaluations.
        seconds: median wall time.
        megabytes: peak memory beyond what was held before, in the first run.
    """

    probe: str
    length: int
    evaluated: int
    seconds: float
    megabytes: float


@click.command()
@click.option("--longest", type=click.IntRange(min=128), default=2048, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@output_option("--png", "Write the curves as a picture.")
@json_option
@settings_options("model", "backend", "draft_tokens", "context_size")
@config_option
def curves(
    *,
    longest: int,
    repeats: int,
    png: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure time, memory and token evaluations of each probe against chunk length.

    Lengths double from 64 tokens to --longest. The last column is the exponent of growth between
    the two longest: 1 is linear.
    """
    from rich.console import Console

    from eval.progress import track
    from overlay.runtime import load_model
    from overlay.settings import load_settings

    loaded = load_settings(config, **settings)
    lengths = [64 * 2**n for n in range(int(math.log2(longest / 64)) + 1)]
    model = load_model(loaded)
    try:
        costs = [
            cost
            for length in track(lengths, "probing")
            for cost in measure(model, length, loaded, repeats)
        ]
        title = f"{model.info.name} on {model.info.backend}"
    finally:
        model.close()
    if png is not None:
        _picture(title, costs).savefig(png, dpi=150, bbox_inches="tight")
    if as_json:
        click.echo(json.dumps({"model": title, "costs": [asdict(cost) for cost in costs]}))
    else:
        Console().print(_table(title, costs))


def measure(model: Model, length: int, settings: Settings, repeats: int) -> Iterator[Cost]:
    """Run each probe on a chunk of ``length`` tokens."""
    from eval.readings.peak_memory import peak_memory

    for name, run in _probes(model, length, settings):
        seconds = []
        before = model.evaluated
        with peak_memory() as peak:
            seconds.append(_timed(run))
        evaluated = model.evaluated - before
        seconds += [_timed(run) for _ in range(repeats - 1)]
        yield Cost(name, length, evaluated, median(seconds), peak.size / 2**20)


def growth(shorter: Cost, longer: Cost, value: Callable[[Cost], float]) -> float:
    """Exponent of growth between two lengths: 1 where the cost grows as the length."""
    ratio = value(longer) / max(value(shorter), 1e-12)
    return math.log(max(ratio, 1e-12)) / math.log(longer.length / shorter.length)


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _probes(
    model: Model, length: int, settings: Settings
) -> Iterator[tuple[str, Callable[[], object]]]:
    from overlay.prompt import build_prompt, chunk_tokens
    from probes.chat import Message
    from probes.isolated import probe_chunks
    from probes.layers import spread_layers
    from probes.masking import Masker
    from probes.neutral import NEUTRAL_TEXTS, cut_to_length
    from probes.subject import Source, Subject
    from probes.trajectory import follow

    prompt = build_prompt(model, [Message("user", _QUESTION)])
    neutral = [chunk_tokens(model, text) for text in NEUTRAL_TEXTS]
    chunk = tuple(cut_to_length([token for text in neutral for token in text], length))
    readable = model.capabilities.layer_states
    subject = Subject(
        model=model,
        prefix=prompt.prefix,
        sources=(Source("chunk", "", (), chunk),),
        tail=prompt.tail,
        layers=spread_layers(model.info.layers) if readable else (),
        draft_tokens=settings.draft_tokens,
    )

    def alone(texts: Sequence[Sequence[int]]) -> None:
        with model.session() as prefix:
            prefix.extend(subject.prefix)
            probed = probe_chunks(
                model,
                prefix,
                [chunk],
                subject.tail,
                draft_tokens=subject.draft_tokens,
                layers=subject.layers,
                neutral=texts,
            )
            for session in probed.sessions:
                session.close()

    yield "drifts of the chunk alone", lambda: alone(())
    yield "the same, standardised", lambda: alone(neutral)
    with model.session() as context:
        context.extend(subject.prefix)
        trajectory = follow(subject, context)
        masker = Masker(subject, trajectory, context)
        start, stop = subject.spans[0]
        spans = [(at, at + 1) for at in range(start, stop, max(1, length // _SPANS))][:_SPANS]
        yield f"removal of {len(spans)} tokens", lambda: masker.removal(spans)
        yield "mutation of the middle token", lambda: masker.mutation((start + stop) // 2)
    if model.capabilities.gradients:
        differentiable = cast("DifferentiableModel", model)
        tokens, window = subject.tokens, trajectory.answer
        yield "gradients", lambda: differentiable.gradient(tokens, window)
        yield (
            "integrated gradients, 16 steps",
            lambda: differentiable.integrated_gradients(tokens, window, steps=16),
        )


def _table(title: str, costs: Sequence[Cost]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("probe")
    for column in ("chunk tokens", "evaluated", "seconds", "MiB", "growth of time"):
        table.add_column(column, justify="right")
    for name in dict.fromkeys(cost.probe for cost in costs):
        rows = [cost for cost in costs if cost.probe == name]
        for place, cost in enumerate(rows):
            exponent = growth(rows[place - 1], cost, lambda c: c.seconds) if place else None
            table.add_row(
                name if place == 0 else "",
                str(cost.length),
                str(cost.evaluated),
                f"{cost.seconds:.2f}",
                f"{cost.megabytes:.0f}",
                "" if exponent is None else f"{exponent:.2f}",
                end_section=cost is rows[-1],
            )
    return table


def _picture(title: str, costs: Sequence[Cost]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels: tuple[tuple[str, Callable[[Cost], float]], ...] = (
        ("token evaluations", lambda cost: cost.evaluated),
        ("seconds", lambda cost: cost.seconds),
        ("peak MiB", lambda cost: max(cost.megabytes, 0.1)),
    )
    for place, (label, value) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, place)
        for name in dict.fromkeys(cost.probe for cost in costs):
            rows = [cost for cost in costs if cost.probe == name]
            axes.loglog(
                [cost.length for cost in rows], [value(cost) for cost in rows], "o-", label=name
            )
        axes.set_xlabel("chunk tokens")
        axes.set_title(label)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(title)
    return figure
