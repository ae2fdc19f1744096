"""A run of the server: its socket, uvicorn on it, and the application."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import click
import uvicorn
from fastapi import FastAPI

from overlay.chat_template import read_chat_template
from overlay.door_settings import LogForm
from overlay.errors import ResourceError
from overlay.models import check_named
from overlay.settings import Settings, SettingsError, load_settings
from server.app import create_app
from server.documents import Documents
from server.doors.connections import patient
from server.doors.gate import Gate
from server.doors.logs import configure_logs
from server.doors.values import Doors, is_loopback
from server.engine import Engine
from server.worker import Worker

__all__ = ["AppServer", "bind", "run_server", "url_of"]

# For clients that do not read what they are sent.
_SECONDS_TO_SEND = 2

_logger = logging.getLogger(__name__)

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
        ModelError: there is no such model here.
        ResourceError: the address cannot be listened on.
    """
    settings = load_settings(config, **arguments)
    check_named(settings.model)
    read_chat_template(settings.chat_template)
    doors = Doors.of(settings, socket.gethostname())
    listener = bind(settings.host, settings.port)
    _check_open(listener, doors)
    configure_logs(settings.log, settings.log_level)

    def load() -> Engine:
        from overlay.runtime import open_overlay  # slow; the server listens already

        # No answer waits, or takes memory, for what is loaded now; documents may come later.
        return open_overlay(settings, eager=True, may_be_empty=True)

    app = create_app(
        load,
        settings.queue_size,
        settings.store,
        doors,
        Documents(settings),
        parallel=settings.parallel,
    )
    server = AppServer(app)
    _announce(listener, settings)
    server.run(sockets=[listener])
    if server.forced_by is not None:
        sys.exit(128 + server.forced_by)  # as a shell says it


def _announce(listener: socket.socket, settings: Settings) -> None:
    line = f"Overlay listens on {url_of(listener)} (a page for browsers, /v1 for clients)"
    if settings.log is LogForm.JSON:
        _logger.warning(line)  # at any level: a port that was chosen is told nowhere else
    else:
        click.echo(line, err=True)


def _check_open(listener: socket.socket, doors: Doors) -> None:
    """Refuse to serve others than this machine's users without keys."""
    address = listener.getsockname()[0]
    if doors.api_keys or is_loopback(address):
        return
    listener.close()
    raise SettingsError(
        f"{address} can be reached from other machines, and no API keys are set",
        hint="set OVERLAY_API_KEYS, or api_keys in overlay.toml, to a key that `overlay serve "
        "--make-key` prints; or listen on 127.0.0.1",
        param="api_keys",
    )


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
    """A uvicorn server that lets answers under way end before it stops, for a while.

    Meanwhile it goes on listening: it refuses what is new, and says so at ``/health``. Uvicorn
    itself closes its sockets at once and waits for all that runs.

    Attributes:
        forced_by: the second signal, which ends what runs at once.
    """

    def __init__(self, app: FastAPI) -> None:
        self._worker: Worker = app.state.worker
        self._gate: Gate = app.state.gate
        self._doors: Doors = app.state.doors
        self.forced_by: int | None = None
        config = uvicorn.Config(
            app,
            http=patient(self._doors.read_seconds),
            ws="none",
            log_config=None,
            access_log=False,  # server.doors.access writes a line that cannot be forged
            server_header=False,
            proxy_headers=False,  # else a client says itself from which address it comes
            timeout_graceful_shutdown=_SECONDS_TO_SEND,
        )
        super().__init__(config)
        self._gate.connections = lambda: len(self.server_state.connections)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as called
        """Stop at the first signal, and at once at the second.

        Uvicorn raises its signals again after the stop. This one was obeyed, and the process ends
        in good order.
        """
        if self.should_exit:
            self.force_exit = True
            self.forced_by = signal.Signals(sig).value
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse what is new, wait for what runs, then stop the worker and uvicorn."""
        self._gate.close()
        self._worker.drain()
        _logger.info("stopping", extra={"under_way": self._gate.inside})
        loop = asyncio.get_running_loop()
        end = loop.time() + self._doors.stop_seconds
        while self._gate.inside and not self.force_exit and loop.time() < end:
            await asyncio.sleep(0.05)
        self._worker.stop()
        self._gate.forced = self.force_exit
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn then leaves the application as it is
            await self.lifespan.shutdown()
