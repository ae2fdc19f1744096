"""``overlay ingest``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from overlay.cli.options import config_option, json_option, settings_options

__all__ = ["ingest"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@settings_options("store", "embedder", "chunk_tokens")
@config_option
@json_option
def ingest(folder: Path, config: Path | None, *, as_json: bool, **settings: str | None) -> None:
    """Read a FOLDER of Markdown and text into the chunk store.

    Run it again after a change: what changed is updated, what is gone is removed, the rest is
    left alone. An interrupted run loses nothing that was there before.
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
    from overlay.settings import load_settings

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with (
        Library(load_settings(config, **settings)) as library,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("reading", total=None)

        def advance(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=source)

        report = library.ingest(folder, advance)
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    click.echo(
        f"{report.added} added, {report.updated} updated, {report.removed} removed, "
        f"{report.unchanged} unchanged: {report.chunks} chunks in {report.seconds:.1f} s"
    )
    for source in report.skipped_empty:
        click.echo(f"skipped, empty: {source}", err=True)
