"""``overlay serve``."""

from __future__ import annotations

from pathlib import Path

import click

from overlay.cli.options import settings_options

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes any free one.")
@settings_options("model", "backend", "chat_template")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
def serve(host: str | None, port: int | None, config: Path | None, **settings: str | None) -> None:
    """Serve an OpenAI-compatible chat endpoint with stability reports."""
    from server.serving import run_server  # slow, and `overlay --help` comes here

    run_server(config, host=host, port=port, **settings)
