"""``overlay serve``."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from overlay.cli.options import settings_options

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes any free one.")
@settings_options("store", "model", "backend", "chat_template", "log", "log_level")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--make-key", is_flag=True, help="Print a new key for the setting api_keys, and end.")
def serve(
    config: Path | None,
    *,
    make_key: bool,
    **settings: object,
) -> None:
    """Serve an OpenAI-compatible chat endpoint with stability reports, and a page at its address.

    API keys, names of hosts, origins and limits are settings and no options, since options are seen
    by everyone on this machine: docs/settings.md, docs/security.md.
    """
    if make_key:
        click.echo(f"sk-overlay-{secrets.token_urlsafe(32)}")
        return
    from server.serving import run_server  # slow, and `overlay --help` comes here

    run_server(config, **settings)
