"""``overlay version``."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version as installed

import click

from overlay.cli.options import json_option

__all__ = ["version"]

_PARTS = ("llama-cpp-python", "chromadb", "sentence-transformers", "torch", "transformers")


@click.command()
@json_option
def version(*, as_json: bool) -> None:
    """Show the versions of Overlay and of what it stands on."""
    versions = {"overlay": installed("overlay-rag"), "python": platform.python_version()}
    versions |= {part: installed(part) for part in _PARTS}
    if as_json:
        click.echo(json.dumps(versions))
        return
    for name, number in versions.items():
        click.echo(f"{name:<22} {number}")
