"""The ``overlay`` command: finds its subcommands and turns errors into exit codes."""

from __future__ import annotations

import json
import logging
import os
import sys
from importlib.metadata import EntryPoint, entry_points

import click

from overlay.cli.ask import ask
from overlay.cli.calibrate import calibrate
from overlay.cli.doctor import doctor
from overlay.cli.documents import documents
from overlay.cli.ingest import ingest
from overlay.cli.models import models
from overlay.cli.probe import probe
from overlay.cli.version import version
from overlay.errors import OverlayError

__all__ = ["cli", "main"]

_PLUGINS = "overlay.commands"


class _CommandGroup(click.Group):
    """A group that also holds the commands of packages built on top of this one.

    ``server`` and ``eval`` stand above ``overlay``, which may not import them; they announce
    their commands as entry points.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *(point.name for point in _plugins())])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for point in _plugins():
            if point.name == cmd_name:
                command = point.load()
                assert isinstance(command, click.Command)  # noqa: S101 - our own entry points
                return command
        return None


def _plugins() -> list[EntryPoint]:
    return list(entry_points(group=_PLUGINS))


@click.group(
    cls=_CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Put documents in front of a local language model, and see what each one does to it.

    \b
    overlay ingest docs/                 read a folder of documents
    overlay ask "Who runs the ferry?"    answer from it, with the stability table
    overlay probe "Who runs the ferry?"  what every chunk, sentence and token does to the model
    overlay serve                        the same answers behind an OpenAI-compatible endpoint

    Settings come from overlay.toml, then OVERLAY_* environment variables, then options.
    """


for _command in (ask, calibrate, doctor, documents, ingest, models, probe, version):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; ends the process.

    Exit codes: 0 done, 1 unexpected, 2 wrong input, 3 something needed is missing or broken,
    4 busy, 130 interrupted.
    """
    # llama.cpp's threads otherwise spin while they wait for each other, and on a machine that
    # does something else beside it an answer then takes several times as long. OpenMP reads
    # this when it is loaded, so it must be set before the first model.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # A model file that is converted on first use takes a while, and says so.
    logging.basicConfig(format="%(message)s")
    logging.getLogger("probes").setLevel(logging.INFO)
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OverlayError as error:
        _show(error)
        sys.exit(error.exit_code)


def _show(error: OverlayError) -> None:
    if "--json" in sys.argv:
        body = {
            "message": error.message,
            "hint": error.hint,
            "param": error.param,
            "code": error.code,
        }
        click.echo(json.dumps({"error": body}, ensure_ascii=False))
        return
    click.echo(f"{click.style('Error:', fg='red')} {error.message}", err=True)
    if error.hint:
        click.echo(f"{click.style('Hint:', fg='yellow')} {error.hint}", err=True)
