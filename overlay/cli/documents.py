"""``overlay documents``: what the store holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from overlay.cli.options import config_option, json_option, settings_options

__all__ = ["documents"]


@click.group()
def documents() -> None:
    """List what a collection holds, or take documents out of it."""


@documents.command("list")
@settings_options("store", "collection", "embedder")
@config_option
@json_option
def list_documents(*, config: Path | None, as_json: bool, **settings: str | None) -> None:
    """List the documents of a collection: name, title, chunks, folder."""
    from rich.console import Console
    from rich.table import Table

    from overlay.library import Library
    from overlay.settings import load_settings
    from retriever import collections

    loaded = load_settings(config, **settings)
    with Library(loaded) as library:
        held = list(library.store.documents().values())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in held]))
        return
    table = Table("document", "title", "chunks", "from", box=None)
    for one in held:
        table.add_row(one.source, one.title, str(one.chunks), one.root or "an earlier version")
    if held:
        Console().print(table)
    others = [name for name in collections(loaded.store) if name != loaded.collection]
    if others:
        click.echo(f"other collections: {', '.join(others)}", err=True)
    if not held:
        click.echo(f"collection {loaded.collection} is empty", err=True)


@documents.command()
@click.argument("names", nargs=-1, required=True)
@settings_options("store", "collection", "embedder")
@config_option
def remove(names: tuple[str, ...], *, config: Path | None, **settings: str | None) -> None:
    """Take documents out of a collection, by NAMES as listed or by their folder.

    Their files stay: the next ingest of their folder reads them again.
    """
    from overlay.errors import InputError
    from overlay.library import Library
    from overlay.settings import load_settings
    from retriever import below

    with Library(load_settings(config, **settings)) as library:
        held = library.store.documents()
        chosen: dict[str, None] = {}
        for name in names:
            found = [name] if name in held else []
            found += [one.source for one in below(held.values(), Path(name))]
            if not found:
                raise InputError(
                    f"the collection holds nothing of the name {name}",
                    hint="`overlay documents list` shows what it holds",
                    param="names",
                )
            chosen |= dict.fromkeys(found)
        library.remove(list(chosen))
    click.echo(f"{len(chosen)} removed")
