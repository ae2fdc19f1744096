"""Options that several commands share, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from overlay.settings import Settings

__all__ = ["config_option", "json_option", "settings_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (TOML); default overlay.toml."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def settings_options(*names: str) -> Callable[[_Command], _Command]:
    """Give a command an option for each named setting: ``budget_step`` is ``--budget-step``.

    Values are passed on as text; :func:`overlay.settings.load_settings` checks them, so that an
    option, an environment variable and a file are judged by one rule.
    """

    def decorate(command: _Command) -> _Command:
        for name in reversed(names):
            field = Settings.model_fields[name]
            help_text = f"{(field.description or name).capitalize()}.  [default: {field.default}]"
            option = click.option(f"--{name.replace('_', '-')}", name, help=help_text)
            command = option(command)
        return command

    return decorate
