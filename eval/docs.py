"""``python -m eval.docs``: write the page of all probes from their docstrings."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["PAGE", "main"]

PAGE = Path("docs/probes.md")


@click.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=PAGE, show_default=True
)
def main(output: Path) -> None:
    """Write the page of all probes."""
    from probes.catalogue import markdown

    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(markdown(), encoding="utf-8")
    click.echo(f"wrote {output}")


if __name__ == "__main__":
    main()
