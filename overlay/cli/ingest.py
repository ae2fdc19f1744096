"""``overlay ingest``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, settings_options

if TYPE_CHECKING:
    from overlay.library import Library
    from overlay.settings import Settings
    from retriever import Progress

__all__ = ["ingest"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--warm",
    "warmed",
    is_flag=True,
    help="Let the model read every chunk now and keep what it computed, for quicker answers.",
)
@settings_options("store", "embedder", "chunk_tokens")
@settings_options("model", "backend", "dtype", "threads", "kv_disk")
@config_option
@json_option
def ingest(
    folder: Path,
    config: Path | None,
    *,
    warmed: bool,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Read a FOLDER of Markdown and text into the chunk store.

    Run it again after a change: what changed is updated, what is gone is removed, the rest is
    left alone. An interrupted run loses nothing that was there before.

    A model, and how it computes, matter for --warm alone: what it computed serves the same model,
    backend and number type only.
    """
    from rich.console import Console  # keeps `overlay --help` fast
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from overlay.library import Library
    from overlay.settings import SettingsError, load_settings

    loaded = load_settings(config, **settings)
    if warmed and not loaded.kv_disk:
        raise SettingsError(
            "--warm has nowhere to keep what the model computes: kv_disk is 0",
            hint="set kv_disk to some MiB, such as 1024",
            param="kv_disk",
        )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with (
        Library(loaded) as library,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("reading", total=None)

        def advance(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=source)

        report = library.ingest(folder, advance)
        warm = _warm(library, loaded, advance) if warmed else None
    if as_json:
        click.echo(json.dumps(asdict(report) | ({} if warm is None else {"warm": warm})))
        return
    click.echo(
        f"{report.added} added, {report.updated} updated, {report.removed} removed, "
        f"{report.unchanged} unchanged: {report.chunks} chunks in {report.seconds:.1f} s"
    )
    if warm is not None:
        rest = "" if warm == report.chunks else "; the rest does not fit into kv_disk"
        click.echo(f"the model has read {warm} of {report.chunks} chunks{rest}")
    for source in report.skipped_empty:
        click.echo(f"skipped, empty: {source}", err=True)


def _warm(library: Library, settings: Settings, progress: Progress) -> int:
    """Let the model read what the library holds; returns how many chunks it has read."""
    from overlay.runtime import load_model, open_kv_store
    from overlay.warming import warm

    texts = [chunk.text for chunk in library.store.chunks()]
    kept = open_kv_store(settings)
    assert kept is not None  # noqa: S101 - kv_disk is not 0
    done = 0
    with kept:
        model = load_model(settings)
        try:
            for done in warm(model, kept, texts):
                progress(done, len(texts), "the model reads")
        finally:
            model.close()
    return done
