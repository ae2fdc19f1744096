"""A run of the server: its socket, uvicorn on it, and the application."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

import click
import uvicorn
from fastapi import FastAPI

from overlay.errors import ResourceError
from overlay.settings import load_settings
from server.app import create_app
from server.documents import Documents
from server.engine import Engine
from server.worker import Worker

__all__ = ["AppServer", "bind", "run_server", "url_of"]

_HINTS = {
    errno.EADDRINUSE: "another program listens there: choose another --port, or 0 for any free one",
    errno.EACCES: "ports below 1024 need privileges: choose a --port above them",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose another --host",
}


def run_server(config: Path | None, **arguments: object) -> None:
    """Serve until a signal says to stop.

    Args:
        config: a settings file; see :func:`overlay.settings.load_settings`.
        arguments: settings by name; None means "not given".

    Raises:
        SettingsError: a setting cannot be used.
        ResourceError: the address cannot be listened on.
    """
    settings = load_settings(config, **arguments)
    listener = bind(settings.host, settings.port)

    def load() -> Engine:
        from overlay.runtime import open_overlay  # slow; the server listens already

        # No answer waits, or takes memory, for what is loaded now; documents may come later.
        return open_overlay(settings, eager=True, may_be_empty=True)

    server = AppServer(create_app(load, settings.queue_size, Documents(settings)))
    click.echo(f"Overlay listens on {url_of(listener)}", err=True)
    # Uvicorn raises Ctrl-C again once it has shut down; it is an orderly end of this command.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; connections wait until a server takes the socket.

    Raises:
        ResourceError: the address is taken, forbidden or unknown.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family)
    except (socket.gaierror, UnicodeError) as error:  # IDNA refuses a name with a UnicodeError
        raise ResourceError(
            f"cannot listen on {host!r}: no such address ({error})",
            hint="choose another --host",
            param="host",
        ) from error
    except OSError as error:
        raise ResourceError(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}",
            hint=_HINTS.get(error.errno or 0, ""),
            param="host" if error.errno == errno.EADDRNOTAVAIL else "port",
        ) from error


def url_of(listener: socket.socket) -> str:
    """Return the URL at which a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class AppServer(uvicorn.Server):
    """A uvicorn server that ends the answers under way when it is told to stop.

    Uvicorn itself waits for them, and tells the application only afterwards.
    """

    def __init__(self, app: FastAPI) -> None:
        # The timeout is for clients that do not read what they are sent.
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=2))
        self._worker: Worker = app.state.worker

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the worker, then uvicorn."""
        self._worker.stop()
        await super().shutdown(sockets)
