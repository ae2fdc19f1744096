"""``overlay lab similarity-scale``: what an embedder's cosine would be by the packaged one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options
from overlay.errors import InputError

__all__ = ["similarity_scale"]


@click.command("similarity-scale")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--questions",
    type=click.IntRange(min=10),
    default=300,
    show_default=True,
    help="How many, drawn evenly from the files.",
)
@output_option("--output", "Write the scale here; those in retriever/data come with the project.")
@json_option
@settings_options("embedder", "seed")
@config_option
def similarity_scale(
    files: tuple[Path, ...],
    *,
    questions: int,
    output: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Fit the line from an embedder's cosine to the packaged embedder's.

    FILES hold one question a line, as `overlay calibrate` takes them. The line leads from the
    medians of helpful and of other passages by the one embedder to those by the other, so that a
    profile that weighs the packaged embedder's similarities can read this one's. Rankings stay
    as they are.
    """
    from rich.console import Console

    from eval.lab.cosines import cosines, fit, scale_table
    from overlay.file_hash import file_hash
    from overlay.labelled.draw import draw_questions
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import print_table
    from retriever import PACKAGED, open_embedder

    loaded = load_settings(config, **settings)
    if loaded.embedder == PACKAGED:
        raise InputError(
            "the packaged embedder's similarities are the scale that others are led to",
            hint="name another one with --embedder",
            param="embedder",
        )
    items = draw_questions(files, questions, loaded.seed)
    embedder = open_embedder(loaded.embedder)
    own, theirs = cosines(items, embedder), cosines(items, open_embedder(PACKAGED))
    scale = fit(own, theirs, PACKAGED)
    measured = {
        "on": [file.name for file in files],
        "data": [file_hash(file) for file in files],
        "questions": len(items),
        "helpful": len(own.helpful),
        "other": len(own.other),
        "seed": loaded.seed,
        "date": datetime.now(UTC).date().isoformat(),
        "medians": own.medians,
        "medians_of_packaged": theirs.medians,
        "auroc": own.auroc(),
        "auroc_of_packaged": theirs.auroc(),
    }
    held = {
        "embedder": loaded.embedder,
        "fingerprint": embedder.fingerprint,
        **asdict(scale),
        "measured": measured,
    }
    if output is not None:
        save(output, json.dumps(held, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(held))
    else:
        print_table(Console(), scale_table(own, theirs, scale))
