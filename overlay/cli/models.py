"""``overlay models``."""

from __future__ import annotations

import json

import click

from overlay.cli.options import json_option

__all__ = ["models"]


@click.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the packaged models and how to use another one."""
    from overlay.models import PACKAGED  # keeps `overlay --help` fast

    rows = [
        {
            "name": model.name,
            "description": model.description,
            "license": model.license,
            "path": str(model.path) if model.path else None,
        }
        for model in PACKAGED.values()
    ]
    if as_json:
        click.echo(json.dumps({"models": rows}))
        return
    for row in rows:
        where = row["path"] or "not installed"
        click.echo(f"{row['name']}  {row['description']} ({row['license']})\n    {where}")
    click.echo(
        "\nAny other model is one setting away, as --model, OVERLAY_MODEL or `model = ` in "
        "overlay.toml:\n"
        "    path/to/model.gguf                a local GGUF file\n"
        "    OWNER/NAME:FILE.gguf              a file on the Hugging Face hub"
    )
