"""``python -m eval.docs``: write the pages that are made of the code: probes and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import click

from overlay.settings import Settings
from overlay.views.markdown import markdown_table
from probes.catalogue import markdown as probes_page

__all__ = ["FOLDER", "PAGES", "main", "settings_page"]

FOLDER = Path("docs")

_SETTINGS_HEAD = """\
# Settings

<!-- Made from overlay/settings.py by `python -m eval.docs`. Change that, not this page. -->

Settings come from `overlay.toml`, or the file that `--config` or `OVERLAY_CONFIG` names; then
from the environment; then from options. Later ones win. An unknown name is an error.

    k = 4                        # in overlay.toml
    OVERLAY_K=4                  # in the environment
    overlay ask --k 4 "..."      # as an option; `--help` lists those of a command

    allowed_hosts = ["a", "b"]   # a list, in overlay.toml
    OVERLAY_ALLOWED_HOSTS=a,b    # in the environment, with commas or as JSON

Models and what runs them: [models.md](models.md). Budgets, and what happens to a chunk:
[how-it-works.md](how-it-works.md). Profiles: [calibration.md](calibration.md). The server:
[endpoint.md](endpoint.md), and left running: [running.md](running.md). The search:
[search.md](search.md).
"""


def settings_page() -> str:
    """The page that lists all settings."""
    rows = [
        (f"`{name}`", _shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return f"{_SETTINGS_HEAD}\n{markdown_table(('name', 'default', 'what it is'), rows)}\n"


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"probes.md": probes_page, "settings.md": settings_page}
)
"""What makes each page, by its name in the folder."""


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where to write them.",
)
def main(folder: Path) -> None:
    """Write the pages that are made of the code."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
        click.echo(f"wrote {folder / name}")


def _shown(value: object) -> str:
    """A default as a settings file writes it, without quotation marks."""
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    main()
