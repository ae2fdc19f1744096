"""``overlay lab retrieval``: what dense, lexical and fused rankings find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from eval.lab.ranking_scores import Scores

__all__ = ["retrieval"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--questions",
    type=click.IntRange(min=1),
    default=150,
    show_default=True,
    help="Questions of a file, at most.",
)
@click.option("--pool", "pooled", is_flag=True, help="Put the passages of all files together.")
@output_option("--output", "Keep the scores of every question here (JSON lines).")
@output_option("--markdown", "Write the table here.")
@settings_options("embedder", "seed")
@config_option
def retrieval(
    files: tuple[Path, ...],
    *,
    questions: int,
    pooled: bool,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Compare what dense, lexical and fused rankings find.

    FILES hold one question a line, as `overlay eval` takes them. All passages of a file become a
    store, and each question is asked of it in each way. Titles are the articles that passages are
    from, where a file names them.
    """
    from rich.console import Console

    from eval.lab.passages import pool, read_passages
    from eval.lab.ranked_ways import BASE, measure
    from eval.lab.ranking_scores import score_table
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table
    from retriever import open_embedder

    loaded = load_settings(config, **settings)
    sets = [read_passages(file, questions=questions, seed=loaded.seed) for file in files]
    results = measure(pool(sets) if pooled else sets, open_embedder(loaded.embedder))
    table = score_table(results, BASE.name, seed=loaded.seed)
    print_table(Console(), table)
    if output is not None:
        save(output, _lines(results))
    if markdown is not None:
        save(markdown, markdown_page([table]))


def _lines(results: Mapping[str, Mapping[str, Sequence[Scores]]]) -> str:
    import json
    from dataclasses import asdict

    return "".join(
        json.dumps({"set": name, "ranking": way, "question": number, **asdict(scores)}) + "\n"
        for name, ways in results.items()
        for way, found in ways.items()
        for number, scores in enumerate(found)
    )
