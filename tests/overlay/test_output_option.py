"""A file that cannot be written is refused before the work starts."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from overlay.cli.options import output_option


@click.command()
@output_option("--output", "Where to write.")
def command(output: Path | None) -> None:
    click.echo(f"worked {output}")


def test_a_file_in_a_folder_is_taken(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--output", str(tmp_path / "new.json")])
    assert result.output == f"worked {tmp_path / 'new.json'}\n"


@pytest.mark.parametrize("name", ["missing/new.json", ""])
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(command, ["--output", str(tmp_path / name)])
    assert result.exit_code == 2
    assert "--output" in result.output
    assert "worked" not in result.output
