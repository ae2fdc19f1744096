"""``overlay lab curves``: what each probe costs as chunks grow longer."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options
from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from matplotlib.artist import Artist
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
@click.option("--backends", multiple=True, help="Backends to measure; repeat. Default: setting.")
@output_option("--png", "Write the curves as a picture.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options("model", "draft_tokens", "context_size")
@config_option
def curves(
    *,
    longest: int,
    repeats: int,
    backends: tuple[str, ...],
    png: Path | None,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure time, memory and token evaluations of each probe against chunk length.

    Lengths double from 64 tokens to --longest. The last column is the exponent of growth of time
    from the length before: 1 is linear.
    """
    from rich.console import Console

    from overlay.settings import load_settings
    from overlay.views.files import save

    first = load_settings(config, **settings)
    lengths = [64 * 2**n for n in range(int(math.log2(longest / 64)) + 1)]
    measured = dict(
        _measured(load_settings(config, backend=backend, **settings), lengths, repeats)
        for backend in backends or (str(first.backend),)
    )
    if png is not None:
        _picture(measured).savefig(png, dpi=150, bbox_inches="tight")
    if markdown is not None:
        save(markdown, _page(measured, longest, repeats, backends, picture=png))
    if as_json:
        click.echo(
            json.dumps(
                {title: [asdict(cost) for cost in costs] for title, costs in measured.items()}
            )
        )
        return
    for title, costs in measured.items():
        Console().print(_table(title, costs))


def _measured(settings: Settings, lengths: Sequence[int], repeats: int) -> tuple[str, list[Cost]]:
    """A title, and the costs of all probes at all lengths."""
    from overlay.cli.progress import track
    from overlay.loading import load_model

    model = load_model(settings)
    try:
        title = model.info.title
        return title, [
            cost
            for length in track(lengths, f"probing on {model.info.backend}")
            for cost in measure(model, length, settings, repeats)
        ]
    finally:
        model.close()


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
    from probes.isolated import Extent, probe_chunks
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
            probe_chunks(
                model,
                prefix,
                [chunk],
                subject.tail,
                Extent(subject.draft_tokens, subject.layers, texts),
                lead=subject.lead,
            ).close()

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


_HEAD = ("probe", "chunk tokens", "evaluated", "seconds", "MiB", "growth of time")


def _rows(costs: Sequence[Cost]) -> Iterator[list[str]]:
    """One row a probe and length, probe by probe."""
    for name in dict.fromkeys(cost.probe for cost in costs):
        own = [cost for cost in costs if cost.probe == name]
        for place, cost in enumerate(own):
            exponent = growth(own[place - 1], cost, lambda c: c.seconds) if place else None
            yield [
                name if place == 0 else "",
                str(cost.length),
                str(cost.evaluated),
                f"{cost.seconds:.2f}",
                f"{cost.megabytes:.0f}",
                "" if exponent is None else f"{exponent:.2f}",
            ]


def _table(title: str, costs: Sequence[Cost]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    for place, column in enumerate(_HEAD):
        table.add_column(column, justify="right" if place else "left")
    for row in _rows(costs):
        if row[0]:
            table.add_section()
        table.add_row(*row)
    return table


def _page(
    measured: Mapping[str, Sequence[Cost]],
    longest: int,
    repeats: int,
    backends: Sequence[str],
    *,
    picture: Path | None,
) -> str:
    today = datetime.now(UTC).date().isoformat()
    command = " ".join(
        [
            f"overlay lab curves --longest {longest} --repeats {repeats}",
            *(f"--backends {b}" for b in backends),
        ]
    )
    intro = (
        f"Made by `{command}` on {today}. One chunk of growing length. Evaluated: model-token "
        "evaluations, which are exact. Seconds: median wall time. MiB: peak resident memory "
        "beyond what was held before, in the first run. Growth of time: the exponent from the "
        "length before; 1 is linear. Attention itself grows with the square of the length, so "
        "that times bend upwards where it begins to matter."
    )
    parts = ["# What the probes cost", intro]
    if picture is not None:
        parts.append(f"![the same as curves]({picture.name})")
    for title, costs in measured.items():
        parts += [f"## {title}", markdown_table(_HEAD, _rows(costs), numbers=True)]
    return "\n\n".join(parts) + "\n"


def _picture(measured: Mapping[str, Sequence[Cost]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4 * len(measured) + 0.8), layout="constrained")
    panels: tuple[tuple[str, Callable[[Cost], float]], ...] = (
        ("token evaluations", lambda cost: cost.evaluated),
        ("seconds", lambda cost: cost.seconds),
        ("peak MiB", lambda cost: max(cost.megabytes, 0.1)),
    )
    names = dict.fromkeys(cost.probe for costs in measured.values() for cost in costs)
    colours = {name: f"C{place}" for place, name in enumerate(names)}
    place = 0
    for title, costs in measured.items():
        for label, value in panels:
            place += 1
            axes = figure.add_subplot(len(measured), len(panels), place)
            for name in dict.fromkeys(cost.probe for cost in costs):
                rows = [cost for cost in costs if cost.probe == name]
                axes.loglog(
                    [cost.length for cost in rows],
                    [value(cost) for cost in rows],
                    "o-",
                    color=colours[name],
                    label=name,
                )
            axes.set_xlabel("chunk tokens")
            axes.set_title(f"{label}, {title.rpartition(' on ')[2]}")
    known: dict[str, Artist] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=3)
    return figure
