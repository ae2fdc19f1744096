"""``overlay lab faithfulness``: do the influence scores say what the answer really rests on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options
from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from rich.table import Table

    from eval.readings.attribution_scores import Design, Score

__all__ = ["faithfulness", "summarise"]

_RESAMPLES = 2000


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", default=30, show_default=True, help="Questions, drawn evenly.")
@click.option("--chunks", default=5, show_default=True, help="Chunks of each question.")
@click.option("--ablations", default=64, show_default=True, help="ContextCite's; 0 leaves it out.")
@click.option("--masks", default=16, show_default=True, help="Random removals to predict.")
@output_option("--output", "Keep every score here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the table here.")
@settings_options("model", "seed", "draft_tokens")
@config_option
def faithfulness(
    files: tuple[Path, ...],
    *,
    questions: int,
    chunks: int,
    ablations: int,
    masks: int,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Compare influence scores with what truly happens when sentences are left out.

    The reference, leave-one-out, evaluates the whole prompt again without each sentence and
    without each chunk. Beside the rank correlation with it stand the log-probability drop when
    the sentences rated highest are left out together, and the linear datamodeling score over
    random removals, as ContextCite (arXiv 2409.00729) measures them. Runs on the transformers
    backend. About two minutes a question on two cores with the packaged model.
    """
    from rich.console import Console

    from eval.readings.attribution_scores import Design, Score, score_methods
    from overlay.cli.progress import track
    from overlay.journal import Journal
    from overlay.labelled.draw import draw_questions
    from overlay.loading import load_model
    from overlay.settings import load_settings

    design = Design(chunks, ablations, masks)
    loaded = load_settings(config, backend="transformers", **settings)
    drawn = draw_questions(files, questions, loaded.seed)
    console = Console()
    model = load_model(loaded)
    try:
        name = model.info.name
        run = {
            "command": "faithfulness",
            "model": model.info.sha256 or name,
            "files": [file.name for file in files],
            "seed": loaded.seed,
            "draft_tokens": loaded.draft_tokens,
            **asdict(design),
        }
        journal = Journal(output, run)
        for question in track(drawn, "attributing"):
            if question.id not in journal:
                found = score_methods(model, question, loaded, design)
                journal.add(question.id, [asdict(score) for score in found])
    finally:
        model.close()
    scores = [Score(**score) for question in drawn for score in journal[question.id]]
    rows = summarise(scores, seed=loaded.seed)
    console.print(_table(name, len(drawn), rows))
    if markdown is not None:
        markdown.write_text(_page(name, files, design, len(drawn), rows), encoding="utf-8")


def summarise(scores: Sequence[Score], *, seed: int) -> list[dict[str, str]]:
    """Means with 95 % bootstrap intervals over questions, one row a method."""
    from eval.readings.attribution_scores import TOP

    rows = []
    for method in dict.fromkeys(score.method for score in scores):
        mine = [score for score in scores if score.method == method]
        known = [s.correlation for s in mine if s.correlation is not None]
        by_chunk = [s.chunk_correlation for s in mine if s.chunk_correlation is not None]
        modelled = [s.datamodeling for s in mine if s.datamodeling is not None]
        rows.append(
            {
                "method": method,
                "chunks": _interval(by_chunk, seed),
                "sentences": _interval(known, seed),
                "LDS": _interval(modelled, seed),
                **{
                    f"top {k} drop": _interval([s.drops[place] for s in mine], seed)
                    for place, k in enumerate(TOP)
                },
                "tokens": f"{fmean([s.evaluated for s in mine]):.0f}",
                "passes": f"{fmean([s.forwards for s in mine]):.1f}",
            }
        )
    return rows


def _interval(values: Sequence[float], seed: int) -> str:
    import numpy as np
    from scipy.stats import bootstrap

    if len(values) < 2:
        return "-"
    interval = bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return f"{fmean(values):.2f} ({interval.low:.2f}-{interval.high:.2f})"


def _table(name: str, questions: int, rows: Sequence[dict[str, str]]) -> Table:
    from rich.table import Table

    table = Table(title=f"faithfulness on {name}, {questions} questions")
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "method" else "right")
    for row in rows:
        table.add_row(*row.values())
    return table


def _page(
    name: str,
    files: Sequence[Path],
    design: Design,
    questions: int,
    rows: Sequence[dict[str, str]],
) -> str:
    named = " ".join(file.name for file in files)
    today = datetime.now(UTC).date().isoformat()
    return (
        f"# What the influence scores are worth\n\n"
        f"Made by `overlay lab faithfulness --questions {questions} --chunks {design.chunks} "
        f"--masks {design.masks} {named}` with {name} on {today}. Means over questions with 95 % "
        "bootstrap intervals.\n\n"
        "- chunks, sentences: Spearman's correlation with leave-one-out, for which the whole "
        "prompt is evaluated again without each chunk or sentence; questions in which one of the "
        "two tells no parts from another do not count.\n"
        "- LDS: linear datamodeling score, how well random removals of sentences are put in "
        "order.\n"
        "- top k drop: what the answer's log-probability loses, in nats, without the k sentences "
        "rated highest.\n"
        "- tokens: model-token evaluations a question; passes: the same in evaluations of the "
        "whole prompt with its answer. A backward pass counts as much as a forward pass.\n\n"
        + markdown_table(list(rows[0]), [list(row.values()) for row in rows])
        + "\n"
    )
