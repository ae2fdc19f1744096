"""``overlay probe``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import (
    config_option,
    filter_options,
    json_option,
    output_option,
    settings_options,
)

if TYPE_CHECKING:
    from overlay.settings import Settings
    from retriever import Filter

__all__ = ["probe"]


@click.command()
@click.argument("question")
@click.option("--text", "texts", multiple=True, metavar="TEXT", help="A text; repeat for more.")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A text file, taken as one text; repeat for more.",
)
@output_option("--html", "Write the report as one self-contained page.")
@output_option("--png", "Write heat map, trajectory and support matrix as a picture.")
@output_option("--csv", "Write every number as a table: one row a chunk, probe and layer.")
@json_option
@click.option(
    "--removal-tokens",
    type=click.IntRange(min=0),
    default=64,
    show_default=True,
    help="Tokens that are masked one by one.",
)
@click.option(
    "--mutated-tokens",
    type=click.IntRange(min=0),
    default=8,
    show_default=True,
    help="Tokens that are replaced one by one.",
)
@click.option(
    "--integrated-steps",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Points of integrated gradients (transformers); 16 is usual.",
)
@click.option("--variants/--no-variants", default=True, help="Other wordings, orders, lengths.")
@click.option("--neutral/--no-neutral", default=True, help="Standardise drift by neutral text.")
@click.option(
    "--layers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Layers to read, spread over the depth; 0 for all.",
)
@settings_options("k", "window", "draft_tokens", "seed")
@settings_options("model", "backend", "chat_template", "device", "dtype", "quantize")
@settings_options("context_size")
@settings_options("store", "collection")
@filter_options
@config_option
def probe(
    question: str,
    *,
    texts: tuple[str, ...],
    files: tuple[Path, ...],
    html: Path | None,
    png: Path | None,
    csv: Path | None,
    as_json: bool,
    removal_tokens: int,
    mutated_tokens: int,
    integrated_steps: int,
    variants: bool,
    neutral: bool,
    layers: int,
    sources: tuple[str, ...],
    since: str,
    until: str,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Show what texts do to a model that is asked a QUESTION.

    The texts come from --text and --file, in that order, or are the chunks that the store gives
    for the question. Nothing is judged: every probe is read and shown, by chunk, sentence,
    token and layer. What a backend cannot compute is listed by name.

    \b
    overlay probe "When does the ferry leave?" --file timetable.md --file notice.md
    overlay probe "When does the ferry leave?" --backend transformers --html report.html
    """
    import json

    from rich.console import Console

    from overlay.loading import load_model
    from overlay.probing import Effort
    from overlay.probing import probe as run_probes
    from overlay.settings import load_settings
    from overlay.views.document import to_dict
    from overlay.views.files import save
    from overlay.views.html import render_html
    from overlay.views.png import save_png
    from overlay.views.table import to_csv
    from overlay.views.terminal import report_view
    from retriever import Filter

    loaded = load_settings(config, **settings)
    effort = Effort(
        neutral=neutral,
        variants=variants,
        removal_tokens=removal_tokens,
        mutated_tokens=mutated_tokens,
        integrated_steps=integrated_steps,
        layers=layers,
    )
    only = Filter(sources, since, until)
    given = [*_given(texts, files)] or _retrieved(question, loaded, only)
    with Console(stderr=True).status("loading the model") as status:
        model = load_model(loaded)
        try:
            status.update(f"probing {len(given)} texts")
            report = run_probes(model, question, given, loaded, effort)
        finally:
            model.close()
    if html is not None:
        save(html, render_html(report))
    if png is not None:
        save_png(report, png)
    if csv is not None:
        save(csv, to_csv(report))
    if as_json:
        click.echo(json.dumps(to_dict(report), ensure_ascii=False))
    else:
        Console().print(report_view(report))


def _given(texts: Sequence[str], files: Sequence[Path]) -> list[tuple[str, str]]:
    from overlay.errors import InputError

    given = [(f"text {number}", text) for number, text in enumerate(texts, start=1)]
    for file in files:
        try:
            given.append((file.name, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{file} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
                f"{error.start}",
                hint="save the file as UTF-8",
                param="file",
            ) from error
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}", param="file") from error
    return given


def _retrieved(question: str, settings: Settings, only: Filter) -> list[tuple[str, str]]:
    from overlay.errors import InputError
    from overlay.library import Library

    with Library(settings) as library:
        library.check()
        found = library.retriever.narrowed(only).search(question, settings.k)
    if not found:
        raise InputError(
            "the store gives no chunk for this question",
            hint="give texts with --text or --file, ingest documents, or widen --since and --until",
            param="texts",
        )
    return [(ranked.chunk.source, ranked.chunk.text) for ranked in found]
