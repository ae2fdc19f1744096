"""``overlay lab sharp-steps``: the same facts told gradually and abruptly, order against order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options
from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from rich.table import Table

    from eval.sharp_steps.chains import Chain
    from eval.sharp_steps.measure import Measure, Measured
    from overlay.journal import Journal
    from overlay.settings import Settings

__all__ = ["SMALLER", "Row", "compare_orders", "sharp_steps"]

SMALLER, LARGER = "gradual smaller", "gradual larger"
_WITHIN_NOISE = "within noise"
_UNAVAILABLE = "not available"
_LEVEL = 0.05
_HEAD = ("question", "measure", "gradual", "abrupt", "difference (95 %)", "p", "found", "claimed")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure under one question, compared between the orders over all chains.

    Attributes:
        primary: whether the claim is judged by it.
        claimed: how, by the claim, gradual compares with abrupt; empty where it says nothing.
        chains: how many have the number in both orders.
        gradual, abrupt: means; None where the model cannot give the number.
        difference, low, high: mean of gradual less abrupt, with its 95 % bootstrap interval.
        p_value: of the paired test alone.
        adjusted: the same after Holm, over all primary rows or over all others.
        found: gradual smaller, gradual larger, within noise, or not available.
    """

    question: str
    measure: str
    primary: bool
    claimed: str
    chains: int
    gradual: float | None = None
    abrupt: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    adjusted: float | None = None
    found: str = _UNAVAILABLE


@click.command(name="sharp-steps")
@click.option("--chains", type=click.IntRange(min=1), help="Chains, drawn evenly. Default: all.")
@click.option("--models", multiple=True, help="Models to measure; repeat. Default: the setting.")
@click.option(
    "--backend",
    default="transformers",
    show_default=True,
    metavar="VALUE",
    help="What runs the models; llamacpp computes no TokenGrad.",
)
@output_option("--output", "Keep every value here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options("dtype", "threads", "seed", "draft_tokens")
@config_option
def sharp_steps(
    chains: int | None,
    models: tuple[str, ...],
    backend: str,
    output: Path | None,
    *,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Tell a model the same facts in small steps and in leaps, and compare what they do.

    Each packaged chain of six facts is told in two orders: gradual, where each fact continues
    the one before, and abrupt, where none does. Same sentences, same tokens, same last fact.
    """
    from rich.console import Console

    from eval.sharp_steps.chains import CHAINS, draw_chains, read_chains
    from eval.sharp_steps.measure import ANSWER_TOKENS
    from overlay.file_hash import file_hash
    from overlay.journal import Journal
    from overlay.settings import load_settings
    from overlay.views.files import save

    first = load_settings(config, backend=backend, **settings)
    drawn = draw_chains(read_chains(), chains)
    decisive = {"backend", "device", "dtype", "quantize", "draft_tokens"}
    run = {
        "command": "sharp-steps",
        "chains": file_hash(CHAINS),
        "answer_tokens": ANSWER_TOKENS,
        **first.model_dump(mode="json", include=decisive),
    }
    journal = Journal(output, run)
    console = Console()
    tables: dict[str, list[Row]] = {}
    for name in models or (first.model,):
        loaded = load_settings(config, backend=backend, model=name, **settings)
        title, measured = _measure(loaded, drawn, journal)
        tables[title] = compare_orders(measured, seed=loaded.seed)
        if not as_json:
            console.print(_table(title, tables[title]))
            console.print(_summary(tables[title]))
    if as_json:
        found = {title: [asdict(row) for row in rows] for title, rows in tables.items()}
        click.echo(json.dumps(found))
    if markdown is not None:
        save(markdown, _page(first, tables))


def _measure(
    settings: Settings, chains: Sequence[Chain], journal: Journal
) -> tuple[str, list[list[Measured]]]:
    """Measure what the journal does not hold yet; a title, and what was measured of each chain."""
    from eval.sharp_steps.measure import Measured, measure
    from overlay.cli.progress import track
    from overlay.loading import load_model

    model = load_model(settings)
    try:
        info = model.info
        pairs = [(f"{info.sha256 or info.name} {info.backend} {c.id}", c) for c in chains]
        for key, chain in track(pairs, f"telling {info.name}"):
            if key not in journal:
                found = measure(model, chain, draft_tokens=settings.draft_tokens)
                journal.add(key, [asdict(one) for one in found])
    finally:
        model.close()
    title = f"{info.title}, {len(chains)} chains"
    return title, [[Measured(**one) for one in journal[key]] for key, _ in pairs]


def compare_orders(measured: Sequence[Sequence[Measured]], *, seed: int) -> list[Row]:
    """Every measure, gradual less abrupt, paired by chain: first the primary ones.

    Args:
        measured: what :func:`eval.sharp_steps.measure.measure` says of each chain.
        seed: makes intervals and p-values repeatable.
    """
    from eval.sharp_steps.measure import CONTEXT, MEASURES

    questions = dict.fromkeys(one.question for chain in measured for one in chain)
    rows = [
        _row(measured, question, what, seed)
        for what in MEASURES
        for question in questions
        if (question == CONTEXT) == what.of_context
    ]
    return [
        row
        for primary in (True, False)
        for row in _judged([row for row in rows if row.primary is primary])
    ]


def _row(measured: Sequence[Sequence[Measured]], question: str, what: Measure, seed: int) -> Row:
    from eval.metrics.paired import compare
    from eval.sharp_steps.chains import Order

    values = [
        {one.order: one.values[what.name] for one in chain if what.name in one.values}
        for chain in ([o for o in chain if o.question == question] for chain in measured)
    ]
    pairs = [both for both in values if len(both) == len(Order)]
    row = Row(question, what.name, what.primary, what.claimed, len(pairs))
    if not pairs:
        return row
    gradual, abrupt = ([both[order] for both in pairs] for order in Order)
    found = compare(gradual, abrupt, seed=seed, bounded=what.rate)
    difference, low, high = found.difference
    return replace(
        row,
        gradual=sum(gradual) / len(pairs),
        abrupt=sum(abrupt) / len(pairs),
        difference=difference,
        low=low,
        high=high,
        p_value=found.p_value,
    )


def _judged(rows: Sequence[Row]) -> list[Row]:
    """The rows with their p-values adjusted for each other, and what can be said of each."""
    from eval.metrics.paired import holm

    known = [row.p_value for row in rows if row.p_value is not None]
    adjusted = iter(holm(known) if known else [])
    return [row if row.p_value is None else _judge(row, next(adjusted)) for row in rows]


def _judge(row: Row, adjusted: float) -> Row:
    assert row.low is not None  # noqa: S101 - a p-value comes with an interval
    assert row.high is not None  # noqa: S101 - likewise
    noise = adjusted > _LEVEL or row.low <= 0 <= row.high
    found = _WITHIN_NOISE if noise else SMALLER if row.high < 0 else LARGER
    return replace(row, adjusted=adjusted, found=found)


def _summary(rows: Sequence[Row]) -> str:
    """How often the claim held, in a sentence."""
    known = [row for row in rows if row.primary and row.p_value is not None]
    held = sum(row.found == f"gradual {row.claimed}" for row in known)
    noise = sum(row.found == _WITHIN_NOISE for row in known)
    return (
        f"Of {len(known)} primary comparisons, {held} came out as claimed, "
        f"{len(known) - held - noise} the other way round, {noise} within noise."
    )


def _cells(row: Row) -> list[str]:
    numbers = ["-"] * 4
    if row.difference is not None:
        numbers = [
            f"{row.gradual:.3f}",
            f"{row.abrupt:.3f}",
            f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})",
            "<0.001" if row.p_value is not None and row.p_value < 0.001 else f"{row.p_value:.3f}",
        ]
    return [row.question, row.measure, *numbers, row.found, row.claimed or "-"]


def _table(title: str, rows: Sequence[Row]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    for place, name in enumerate(_HEAD):
        table.add_column(name, justify="right" if 2 <= place <= 5 else "left")
    for place, row in enumerate(rows):
        last = place + 1 < len(rows) and row.primary and not rows[place + 1].primary
        table.add_row(*_cells(row), end_section=last)
    return table


def _markdown(title: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"## {title}"
    yield _summary(rows)
    for heading, primary in (("The claim", True), ("Beside it", False)):
        yield f"### {heading}"
        yield markdown_table(_HEAD, [_cells(row) for row in rows if row.primary is primary])


def _page(settings: Settings, tables: dict[str, list[Row]]) -> str:
    today = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `overlay lab sharp-steps --backend {settings.backend} --dtype {settings.dtype}` "
        f"with the models named below (`--models`) on {today}. Each chain of six facts is told in "
        "two orders with the same sentences and tokens: gradual, where each fact continues the "
        "one before, and abrupt, where none does. Columns: mean over chains in either order; mean "
        "of gradual less abrupt with its 95 % bootstrap interval over chains; p of the paired test "
        "(McNemar's for right answers, else permutation), as it is. In words: beyond noise means "
        f"that the interval leaves out 0 and that p is at most {_LEVEL} after Holm's correction, "
        "over all rows of the table. Last: what the claim says. The measures and their limits are "
        "explained in [the experiment's README](../eval/sharp_steps/README.md), the drifts in "
        "[probes.md](probes.md)."
    )
    parts = [part for title, rows in tables.items() for part in _markdown(title, rows)]
    return "\n\n".join(["# Sharp steps", intro, *parts]) + "\n"
