"""``overlay bench``: what the overlay costs beside plain RAG, in tokens and in seconds."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from eval.bench.measure import Design
    from eval.bench.run import Run, Timings
    from eval.bench.summary import Comparison
    from overlay.settings import Settings
    from retriever import Embedder
    from selector.statistics.interval import Interval

__all__ = ["bench"]

_KS, _LENGTHS = (2, 4, 8, 16), (64, 128, 256, 512)
_POSITIVE = click.IntRange(min=1)
_SHOWN = ("ks", "lengths", "repeats", "answer_tokens", "backends", "config")


@click.command()
@click.option("--k", "ks", multiple=True, type=_POSITIVE, help="Chunks; repeat. Default: 2 4 8 16.")
@click.option(
    "--length",
    "lengths",
    multiple=True,
    type=click.IntRange(min=8),
    help="Tokens of a chunk; repeat. Default: 64 128 256 512, those that fit.",
)
@click.option("--repeats", type=_POSITIVE, default=3, show_default=True)
@click.option("--answer-tokens", type=_POSITIVE, default=32, show_default=True)
@click.option("--backends", multiple=True, help="Backends to measure; repeat. Default: setting.")
@click.option(
    "--from",
    "earlier",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Measure nothing: show this file of --output; repeat for a page of several runs.",
)
@click.option("--note", default="", help="Stands on the page beside what is measured here.")
@output_option("--output", "Keep every timing here as it comes; a stopped run goes on from it.")
@output_option("--png", "Write the ratios as a picture, of each backend's first run.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options(
    "model", "device", "dtype", "quantize", "threads", "profile", "budget_step", "budget_answer"
)
@settings_options("first_dose", "variants", "retry_index", "budget_index")
@settings_options("draft_tokens", "context_size", "requantize", "rounding", "embedder", "seed")
@config_option
@click.pass_context
def bench(
    context: click.Context,
    /,
    *,
    ks: tuple[int, ...],
    lengths: tuple[int, ...],
    repeats: int,
    answer_tokens: int,
    backends: tuple[str, ...],
    earlier: tuple[Path, ...],
    note: str,
    output: Path | None,
    png: Path | None,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Answer with plain RAG and with the overlay by turns, and compare what it takes.

    Under llama.cpp beside llama-cpp-python's own chat completion of the same file and text. Cold,
    the overlay sees the chunks for the first time; again, the same was asked before.

    Same model, same process, same question, same chunks: a sample question, another one in each
    repeat, and the pieces of the sample documents most similar to it. Verdicts are those of the
    settings. Token counts are exact; times are quoted as medians, and as ratios with intervals
    over the rounds.

    What is rejected costs less. With --budget-step 1 --budget-answer 64 everything is let in.
    """
    from eval.bench.run import read_run

    if earlier and output is not None:
        raise click.UsageError("--output keeps what is measured, and --from measures nothing")
    if earlier:
        runs = [read_run(path) for path in earlier]
    else:
        from eval.bench.measure import Design

        design = Design(
            ks=tuple(dict.fromkeys(ks)) or _KS,
            lengths=tuple(dict.fromkeys(lengths)) or _LENGTHS,
            answer_tokens=answer_tokens,
            repeats=repeats,
        )
        runs = [
            _run(
                design,
                config,
                settings,
                backends=backends,
                keep_all=bool(ks and lengths),
                command=_typed(context, settings),
                note=note,
                output=output,
            )
        ]
    _write(runs, png, markdown)
    _show(runs, as_json=as_json)


def _run(
    design: Design,
    config: Path | None,
    settings: Mapping[str, str | None],
    *,
    backends: Sequence[str],
    keep_all: bool,
    command: str,
    note: str,
    output: Path | None,
) -> Run:
    from eval.bench.run import Conditions, Timings
    from overlay.settings import load_settings
    from retriever import open_embedder

    first = load_settings(config, **settings)
    timings = Timings(
        output,
        Conditions(
            command=command,
            answer_tokens=design.answer_tokens,
            repeats=design.repeats,
            budget_step=first.budget_step,
            budget_answer=first.budget_answer,
            profile=first.profile,
            requantize=first.requantize,
            rounding=first.rounding,
            seed=first.seed,
            note=note,
            variants=first.variants,
        ),
    )
    embedder = open_embedder(first.embedder)
    for backend in backends or (str(first.backend),):
        own = load_settings(config, backend=backend, **settings)
        _measure(timings, own, embedder, design, keep_all=keep_all)
    return timings.run()


def _measure(
    timings: Timings, settings: Settings, embedder: Embedder, design: Design, *, keep_all: bool
) -> None:
    """Add what is missing; rounds that do not fit are left out unless they were asked for."""
    from eval.bench.measure import MODES, REFERENCE, fits, measure
    from eval.bench.reference import Reference
    from overlay.cli.progress import track
    from overlay.loading import load_model

    model = load_model(settings)
    try:
        title = model.info.title
        by_llamacpp = model.info.backend == "llama.cpp"
        modes = (REFERENCE, *MODES) if by_llamacpp else MODES
        rounds = [
            one
            for one in design.rounds
            if (keep_all or fits(model, *one[:2], design.answer_tokens))
            and not all(timings.has(title, mode, one) for mode in modes)
        ]
        answering = settings.model_copy(update={"max_tokens": design.answer_tokens})
        with ExitStack() as stack:
            timed = None
            if by_llamacpp and rounds:
                reference = stack.enter_context(closing(Reference(model.info, answering)))
                timed = reference.timing
            found = measure(
                model, embedder, settings, rounds, design.answer_tokens, reference=timed
            )
            total = len(modes) * len(rounds)
            for timing in track(found, f"answering on {model.info.backend}", total=total):
                timings.add(title, timing)
    finally:
        model.close()


def _typed(context: click.Context, given: Mapping[str, object]) -> str:
    """The command with the options that say what is measured, for the page."""
    words = ["overlay", "bench"]
    for option in context.command.params:
        name = str(option.name)
        source = context.get_parameter_source(name)
        if (name in given or name in _SHOWN) and source is click.core.ParameterSource.COMMANDLINE:
            value = context.params[name]
            for one in value if isinstance(value, tuple) else (value,):
                words += [option.opts[0], str(one)]
    return shlex.join(words)


def _write(runs: Sequence[Run], png: Path | None, markdown: Path | None) -> None:
    if png is not None:
        from eval.bench.plot import picture

        first: dict[str, list[Comparison]] = {}
        for run in runs:
            first = _compared(run) | first
        picture(first).savefig(png, dpi=150, bbox_inches="tight")
    if markdown is not None:
        from eval.bench.page import page
        from overlay.views.files import save

        save(markdown, page(runs, picture=png))


def _show(runs: Sequence[Run], *, as_json: bool) -> None:
    if as_json:
        found = [
            {title: [_plain(row) for row in rows] for title, rows in _compared(run).items()}
            for run in runs
        ]
        click.echo(json.dumps(found[0] if len(found) == 1 else found))
        return
    from rich.console import Console

    from eval.bench.page import growth_said, table

    console = Console()
    for run in runs:
        for title, rows in _compared(run).items():
            console.print(table(title, rows))
            said = growth_said(rows)
            console.print(
                said or "Growth needs three numbers or lengths of chunks to be fitted.", style="dim"
            )


def _compared(run: Run) -> dict[str, list[Comparison]]:
    from eval.bench.summary import compare

    return {title: compare(found, seed=run.conditions.seed) for title, found in run.timings.items()}


def _plain(row: Comparison) -> dict[str, object]:
    found = asdict(row)
    for name in ("evaluations", "first", "whole", "speed"):
        interval: Interval | None = getattr(row, name)
        found[name] = interval and interval._asdict()
    return found
