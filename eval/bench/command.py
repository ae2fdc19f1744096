"""``overlay bench``: what the overlay costs beside plain RAG, in tokens and in seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.markdown import markdown_table
from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from eval.bench.measure import Design, Timing
    from eval.bench.summary import Comparison
    from eval.metrics.interval import Interval
    from overlay.settings import Settings

__all__ = ["bench"]

_HEAD = (
    "",
    "k",
    "chunk tokens",
    "let in",
    "plain: tokens",
    "overlay: tokens",
    "ratio",
    "plain: s to first",
    "ratio",
    "plain: s in all",
    "ratio",
)
_KS, _LENGTHS = (2, 4, 8, 16), (64, 128, 256, 512)
_POSITIVE = click.IntRange(min=1)


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
@output_option("--output", "Write every timing here (JSON).")
@output_option("--png", "Write the ratios as a picture.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options("model", "dtype", "threads", "budget_step", "budget_answer", "draft_tokens")
@settings_options("context_size", "requantize")
@config_option
def bench(
    *,
    ks: tuple[int, ...],
    lengths: tuple[int, ...],
    repeats: int,
    answer_tokens: int,
    backends: tuple[str, ...],
    output: Path | None,
    png: Path | None,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Answer with plain RAG and with the overlay by turns, and compare what it takes.

    Cold, the overlay sees the chunks for the first time; warm, the model has read them before.

    Same model, same process, same chunks, which are pieces of the sample documents. Token counts
    are exact; times are quoted as medians, and as ratios with intervals over the rounds. A budget
    of 1 (--budget-step 1 --budget-answer 64) lets every chunk in, which costs the most.
    """
    from rich.console import Console

    from eval.bench.measure import Design
    from eval.bench.summary import compare
    from overlay.settings import load_settings
    from overlay.views.files import save

    first = load_settings(config, **settings)
    design = Design(
        ks=tuple(dict.fromkeys(ks)) or _KS,
        lengths=tuple(dict.fromkeys(lengths)) or _LENGTHS,
        answer_tokens=answer_tokens,
        repeats=repeats,
    )
    chosen = bool(ks and lengths)
    measured = dict(
        _measured(load_settings(config, backend=backend, **settings), design, keep_all=chosen)
        for backend in backends or (str(first.backend),)
    )
    compared = {title: compare(found, seed=first.seed) for title, found in measured.items()}
    if output is not None:
        timings = {title: [asdict(t) for t in found] for title, found in measured.items()}
        save(output, json.dumps({"design": asdict(design), "timings": timings}, indent=1) + "\n")
    if png is not None:
        from eval.bench.plot import picture

        picture(compared).savefig(png, dpi=150, bbox_inches="tight")
    if markdown is not None:
        save(markdown, _page(compared, design, first, picture=png))
    if as_json:
        found = {title: [_plain(row) for row in rows] for title, rows in compared.items()}
        click.echo(json.dumps(found))
        return
    console = Console()
    for title, rows in compared.items():
        console.print(_table(title, rows))
        console.print(_growth(rows), style="dim")


def _measured(settings: Settings, design: Design, *, keep_all: bool) -> tuple[str, list[Timing]]:
    """A title, and all timings; rounds that do not fit are left out unless they were asked for."""
    from eval.bench.measure import MODES, fits, measure
    from eval.progress import track
    from overlay.runtime import load_model

    model = load_model(settings)
    try:
        rounds = [r for r in design.rounds if keep_all or fits(model, *r[:2], design.answer_tokens)]
        timings = measure(model, settings, rounds, design.answer_tokens)
        total = len(MODES) * len(rounds)
        title = f"{model.info.name} on {model.info.backend}"
        return title, list(track(timings, f"answering on {model.info.backend}", total=total))
    finally:
        model.close()


def _rows(rows: Sequence[Comparison]) -> Iterator[list[str]]:
    for row in rows:
        yield [
            "cold" if row.mode == "overlay" else row.mode,
            str(row.k),
            str(row.length),
            f"{row.accepted:.1f}",
            f"{row.plain_evaluated:.0f}",
            f"{row.evaluated:.0f}",
            _ratio(row.evaluations),
            f"{row.plain_first:.2f}",
            _ratio(row.first),
            f"{row.plain_whole:.2f}",
            _ratio(row.whole),
        ]


def _ratio(found: Interval) -> str:
    return f"{found.value:.2f} ({found.low:.2f}-{found.high:.2f})"


def _growth(rows: Sequence[Comparison]) -> str:
    """The fitted exponents, in words."""
    from eval.bench.summary import growth

    found = [
        f"{fit.along}^{fit.exponent:.2f} at {'length' if fit.along == 'k' else 'k'} {fit.fixed}"
        for fit in growth(rows)
    ]
    if not found:
        return "Growth needs three numbers or lengths of chunks to be fitted."
    return f"What the overlay evaluates beyond plain RAG grows as {', '.join(found)}; 1 is linear."


def _plain(row: Comparison) -> dict[str, object]:
    found = asdict(row)
    for name in ("evaluations", "first", "whole"):
        found[name] = getattr(row, name)._asdict()
    return found


def _table(title: str, rows: Sequence[Comparison]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in _HEAD:
        table.add_column(column, justify="right")
    for row in _rows(rows):
        table.add_row(*row)
    return table


def _page(
    compared: Mapping[str, Sequence[Comparison]],
    design: Design,
    settings: Settings,
    *,
    picture: Path | None,
) -> str:
    today = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `overlay bench` on {today}: the same model, process, question and chunks, by "
        f"turns, {design.repeats} rounds each, answers of up to {design.answer_tokens} tokens, a "
        f"budget of {settings.budget_step:g} a step, `requantize` {settings.requantize}. Tokens: "
        "model-token evaluations, medians, which are exact. Seconds: medians. Ratios: means over "
        "the rounds with 95 % bootstrap "
        "intervals. Cold: nothing is kept from one answer to the next. Warm: the model has read "
        "the chunks before, as `overlay ingest --warm` lets it, and what it computed is kept in "
        "memory."
    )
    parts = ["# What the overlay costs beside plain RAG", intro]
    if picture is not None:
        parts.append(f"![the ratios as curves]({picture.name})")
    for title, rows in compared.items():
        parts += [f"## {title}", markdown_table(_HEAD, _rows(rows), numbers=True), _growth(rows)]
    return "\n\n".join(parts) + "\n"
