"""``overlay lab blending``: what may be kept of a chunk that was computed behind another text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from eval.readings.blended import Summary
    from overlay.views.text_table import Table
    from selector.statistics.interval import Interval

__all__ = ["blending"]

_EXPLAINS = (
    "Recompute: share of the tokens of every chunk but the first that is evaluated in the context, "
    "1 being exact; the first chunk always is. Tokens: evaluated of chunks and question, mean. "
    "Drift: logit drift from the exact context on the draft it leads to, bits a token. Same: "
    "answers that are the exact context's, word by word. Right: answers that hold an accepted one. "
    "Against exact: paired difference with its 95 % interval, p of the paired test as it is; in "
    "words after Holm's correction over the rows. Reversed order: nothing is blended and the "
    "chunks stand in reverse, as a measure of what should not matter and does."
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--questions",
    default=200,
    show_default=True,
    type=click.IntRange(min=2),
    help="Drawn evenly from the files.",
)
@click.option(
    "--recompute",
    "shares",
    multiple=True,
    default=(0.5, 0.25, 0.1, 0.0),
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help="Shares of tokens to evaluate again; repeat.",
)
@click.option("--answer-tokens", default=24, show_default=True, type=click.IntRange(min=1))
@output_option("--output", "Keep every answer here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the table here.")
@json_option
@settings_options("model", "backend", "dtype", "threads", "seed", "draft_tokens", "context_size")
@config_option
def blending(
    files: tuple[Path, ...],
    *,
    questions: int,
    shares: tuple[float, ...],
    answer_tokens: int,
    output: Path | None,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure what the setting `recompute` saves and what it costs.

    A chunk that was probed alone need not be evaluated again when it joins the context, if its
    cells are taken over and only some of its tokens are computed anew. That is not exact: here
    all chunks of a question are put before the model both ways, and the answers compared.
    """
    from rich.console import Console

    from eval.readings.blended import Blended, blend, summarise
    from overlay.cli.progress import track
    from overlay.file_hash import file_hash
    from overlay.journal import Journal
    from overlay.labelled.draw import draw_questions
    from overlay.loading import load_model
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import print_table

    loaded = load_settings(config, **settings)
    drawn = draw_questions(files, questions, loaded.seed)
    model = load_model(loaded)
    try:
        info = model.info
        run = {
            "command": "blending",
            "data": [file_hash(file) for file in files],
            "model": model.fingerprint,
            "recompute": list(shares),
            "answer_tokens": answer_tokens,
            **loaded.model_dump(mode="json", include={"seed", "draft_tokens", "context_size"}),
        }
        journal = Journal(output, run)
        found: list[Blended] = []
        for item in track(drawn, f"answering on {info.backend}"):
            key = f"{item.dataset} {item.id}"
            if key not in journal:
                answers = blend(
                    model,
                    item,
                    shares,
                    draft_tokens=loaded.draft_tokens,
                    answer_tokens=answer_tokens,
                )
                journal.add(key, [asdict(one) for one in answers])
            found += [Blended(**one) for one in journal[key]]
    finally:
        model.close()
    rows = summarise(found, seed=loaded.seed)
    table = _table(f"{info.title}, {len(drawn)} questions", rows)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
    else:
        print_table(Console(), table)
    if markdown is not None:
        files_named = ", ".join(file.name for file in files)
        save(markdown, _page(table, files_named))


def _table(title: str, rows: Sequence[Summary]) -> Table:
    from overlay.views.text_table import Table

    head = ("recompute", "tokens", "drift", "same", "right", "against exact", "p", "found")
    return Table(title, _EXPLAINS, head, tuple(_cells(row) for row in rows))


def _cells(row: Summary) -> tuple[str, ...]:
    against = row.against
    return (
        row.recompute,
        f"{row.evaluated:.0f}",
        _told(row.drift, ".4f"),
        _told(row.same, ".2f"),
        "-" if row.accuracy is None else _told(row.accuracy, ".2f"),
        "-" if against is None else _told(against.difference, "+.3f"),
        "-" if against is None else f"{against.p_value:.3f}",
        "-" if row.conclusion is None else str(row.conclusion),
    )


def _told(interval: Interval, form: str) -> str:
    value, low, high = (format(number, form) for number in interval)
    return f"{value} ({low} to {high})"


def _page(table: Table, files: str) -> str:
    today = datetime.now(UTC).date().isoformat()
    return (
        "\n\n".join(
            [
                f"## {table.title}",
                f"Made by `overlay lab blending` on {today} from {files}. {table.explains}",
                table.markdown(),
            ]
        )
        + "\n"
    )
