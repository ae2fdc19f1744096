"""``overlay doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, settings_options

if TYPE_CHECKING:
    from overlay.doctor.finding import Finding

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option(
    "--repair",
    "mend",
    is_flag=True,
    help="Mend first: make damaged indices anew, remove what killed ingests left.",
)
@settings_options("model", "store", "collection", "embedder", "host", "port")
@config_option
@json_option
def doctor(mend: bool, as_json: bool, config: Path | None, **settings: str | None) -> None:
    """Check the model, the store, the disk, the packages and the port.

    Each line says whether it is well (ok), works for now (warn) or does not (fail), and what to do.
    Exit code 1 if anything fails. No model is loaded, unless a repair has to embed something.
    """
    from overlay.doctor.examination import examination
    from overlay.doctor.repair import repair
    from overlay.settings import SettingsError, load_settings

    try:
        loaded = load_settings(config, **settings)
    except SettingsError as error:
        from overlay.doctor.finding import fail

        _show([], [fail("settings", error.message, error.hint)], as_json=as_json)
        sys.exit(1)
    mended = repair(loaded) if mend else []
    findings = examination(loaded)
    _show(mended, findings, as_json=as_json)
    if any(finding.state == "fail" for finding in (*mended, *findings)):
        sys.exit(1)


def _show(mended: Sequence[Finding], findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        rows = {
            "mended": [asdict(one) for one in mended],
            "found": [asdict(one) for one in findings],
        }
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for one in mended:
        click.echo(_line("mend" if one.state == "ok" else one.state, one))
    for one in findings:
        click.echo(_line(one.state, one))


def _line(state: str, one: Finding) -> str:
    mark = click.style(f"{state:<5}", fg=_COLOURS.get(state, "cyan"))
    return f"{mark}{one.what}: {one.said}" + (f"\n       {one.mend}" if one.mend else "")
