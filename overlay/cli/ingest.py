"""``overlay ingest``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, settings_options

if TYPE_CHECKING:
    from overlay.library import Library
    from retriever import IngestReport

__all__ = ["ingest"]

_WAKE = 500  # milliseconds after which a watch that sees nothing says so
_SHOWN = 20  # files that are named, of those that could not be read


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Stop at the first file that cannot be read.")
@click.option("--watch", "watched", is_flag=True, help="Stay, and ingest again what changes.")
@settings_options("store", "collection", "embedder", "chunk_tokens")
@config_option
@json_option
def ingest(
    folders: tuple[Path, ...],
    config: Path | None,
    *,
    strict: bool,
    watched: bool,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Read FOLDERS of documents, or single files, into the chunk store.

    Run it again after a change: what changed is updated, what is gone from a folder is removed, the
    rest is left alone, and so are other folders. A file that cannot be read is named and left out.
    An interrupted run loses nothing that was there before.
    """
    from overlay.library import Library
    from overlay.settings import load_settings

    loaded = load_settings(config, **settings)
    with Library(loaded) as library:
        for folder in folders:
            report = _ingested(library, folder, strict=strict)
            _show(report, folder if len(folders) > 1 else None, as_json=as_json)
        if watched:
            _watch(library, folders, as_json=as_json)


def _ingested(library: Library, folder: Path, *, strict: bool) -> IngestReport:
    """Ingest one folder behind a progress bar."""
    from rich.console import Console  # keeps `overlay --help` fast
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from retriever import IngestOptions

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def advance(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=source)

        return library.ingest(folder, IngestOptions(strict=strict, progress=advance))


def _show(report: IngestReport, folder: Path | None, *, as_json: bool) -> None:
    """Say what was done; the folder's name only where there are several."""
    if as_json:
        named = {} if folder is None else {"folder": str(folder)}
        click.echo(json.dumps(named | asdict(report)))
        return
    lead = "" if folder is None else f"{folder}: "
    click.echo(
        f"{lead}{report.added} added, {report.updated} updated, {report.removed} removed, "
        f"{report.unchanged} unchanged: {report.chunks} chunks in {report.seconds:.1f} s"
    )
    for line in _left_out(report):
        click.echo(line, err=True)


def _left_out(report: IngestReport) -> list[str]:
    """What was not read: files of unknown kinds counted, the others named."""
    from collections import Counter

    from retriever import Skip

    unknown = Counter(one.suffix for one in report.skipped if one.skip is Skip.KIND)
    lines = [f"in part: {source}: {note}" for source, note in report.notes]
    others = [one for one in report.skipped if one.skip is not Skip.KIND]
    lines += [f"not read: {one.source}: {one.reason}" for one in others[:_SHOWN]]
    if len(others) > _SHOWN:
        lines.append(f"not read: {len(others) - _SHOWN} more; --json names all")
    if unknown:
        kinds = ", ".join(f"{suffix} {count}" for suffix, count in unknown.most_common())
        lines.append(f"{unknown.total()} skipped: {kinds}")
    return lines


def _watch(library: Library, folders: Sequence[Path], *, as_json: bool) -> None:
    """Ingest a folder again whenever something in it changes, until the user stops it."""
    from watchfiles import watch

    watching = watch(*folders, raise_interrupt=False, yield_on_timeout=True, rust_timeout=_WAKE)
    next(watching, None)
    # What came between the first ingest and the watch, which sees from here on, is read by another.
    _ingest_again(library, folders, as_json=as_json)
    click.echo("watching for changes; Ctrl-C ends it", err=True)
    for changes in watching:
        changed = [Path(path) for _, path in changes]
        touched = [
            folder
            for folder in folders
            if any(path.is_relative_to(folder.absolute()) for path in changed)
        ]
        _ingest_again(library, touched, as_json=as_json)


def _ingest_again(library: Library, folders: Sequence[Path], *, as_json: bool) -> None:
    """Ingest folders, and say what was done where something was."""
    from overlay.errors import OverlayError

    for folder in folders:
        try:
            report = library.ingest(folder)
        except OverlayError as error:
            # A folder may be half copied: the next change mends it.
            click.echo(f"{folder}: {error.message}", err=True)
        else:
            if report.added or report.updated or report.removed:
                _show(report, folder, as_json=as_json)
