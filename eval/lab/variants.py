"""``overlay lab variants``: what each way to put the same chunks before a model is worth."""

from __future__ import annotations

from pathlib import Path

import click

from overlay.cli.options import config_option, output_option, settings_options

__all__ = ["variants"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", default=100, show_default=True, help="Questions, drawn evenly.")
@click.option(
    "--variants", "most", default=16, show_default=True, help="Variants of a question, at most."
)
@output_option("--output", "Keep every answer here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the table here.")
@settings_options(
    "model",
    "backend",
    "dtype",
    "requantize",
    "seed",
    "draft_tokens",
    "max_tokens",
    "profile",
    "threads",
)
@config_option
def variants(
    files: tuple[Path, ...],
    *,
    questions: int,
    most: int,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Answer questions in every variant, to the end, and keep what each answer shows.

    FILES hold one question a line, as `overlay eval` takes them. The tables are those of `overlay
    lab ladder`, which makes them again from what `--output` kept.
    """
    from rich.console import Console

    from eval.lab.ladder import ladder_tables
    from eval.lab.variant_answers import answer_in_every_variant, read_answers, write_answers
    from overlay.cli.progress import track
    from overlay.file_hash import file_hash
    from overlay.journal import Journal
    from overlay.labelled.draw import draw_questions
    from overlay.labelled.similarity import with_similarities
    from overlay.loading import load_model
    from overlay.profiles import find_profile
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table
    from retriever import open_embedder

    loaded = load_settings(config, **settings, variants=str(most))
    drawn = draw_questions(files, questions, loaded.seed)
    items = with_similarities(drawn, open_embedder(loaded.embedder))
    model = load_model(loaded)
    try:
        profile = find_profile(loaded, model.info)
        run = {
            "command": "variants",
            "model": {"name": model.info.name, "sha256": model.info.sha256},
            "data": [file_hash(file) for file in files],
            "profile": profile.digest,
            "seed": loaded.seed,
            "draft_tokens": loaded.draft_tokens,
            "max_tokens": loaded.max_tokens,
            "variants": most,
            "backend": loaded.backend,
            "dtype": loaded.dtype,
            "requantize": loaded.requantize,
        }
        journal = Journal(output, run)
        answered = []
        for item in track(items, f"answering with {model.info.name}"):
            key = f"{item.dataset} {item.id}"
            if key not in journal:
                found = answer_in_every_variant(model, loaded, profile, item)
                journal.add(key, write_answers(found))
            answered.append(read_answers(journal[key]))
    finally:
        model.close()
    tables = ladder_tables(answered, seed=loaded.seed)
    for table in tables:
        print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page(tables))
