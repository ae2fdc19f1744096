"""Options that several commands share, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["config_option", "filter_options", "json_option", "output_option", "settings_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (TOML); default overlay.toml."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def output_option(name: str, help_text: str) -> Callable[[_Command], _Command]:
    """Give a command an option for a file to write, refused at once where that cannot succeed."""

    def check(
        _context: click.Context, _parameter: click.Parameter, path: Path | None
    ) -> Path | None:
        if path is not None and not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {path.absolute().parent}: make it first")
        return path

    kind = click.Path(path_type=Path, dir_okay=False, writable=True)
    return click.option(name, type=kind, help=help_text, callback=check)


def settings_options(*names: str) -> Callable[[_Command], _Command]:
    """Give a command an option for each named setting: ``budget_step`` is ``--budget-step``.

    Values are passed on as text; :func:`overlay.settings.load_settings` checks them, so that an
    option, an environment variable and a file are judged by one rule.
    """

    def decorate(command: _Command) -> _Command:
        for name in reversed(names):
            flag = f"--{name.replace('_', '-')}"
            command = click.option(flag, name, metavar="VALUE", cls=_SettingOption)(command)
        return command

    return decorate


def filter_options(command: _Command) -> _Command:
    """Give a command the options that say which documents are searched.

    They are passed on as ``sources``, ``since`` and ``until``, the parts of a
    :class:`retriever.filter.Filter`.
    """
    for option in (
        click.option(
            "--until",
            metavar="DATE",
            default="",
            help="Search only documents of this date or before. Those without a date are left out.",
        ),
        click.option(
            "--since",
            metavar="DATE",
            default="",
            help="Search only documents of this date (YYYY-MM-DD) or later. Those without a date "
            "are left out.",
        ),
        click.option(
            "--source",
            "sources",
            metavar="TEXT",
            multiple=True,
            help="Search only documents whose name, as `overlay documents list` shows it, begins "
            "with this (notes/) or fits this pattern (*.pdf); repeat for more.",
        ),
    ):
        command = option(command)
    return command


class _SettingOption(click.Option):
    """Says what the setting of its name says. Looked up when help is shown: it takes a while."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from overlay.settings import Settings

        field = Settings.model_fields[str(self.name)]
        said = field.description or str(self.name)
        self.help = f"{said[0].upper()}{said[1:]}."
        # One that depends on other settings is told in the description.
        if field.default is not None:
            self.help += f"  [default: {field.default}]"
        return super().get_help_record(ctx)
