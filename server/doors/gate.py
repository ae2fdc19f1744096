"""Shut when the server stops, or is crowded; what is inside goes on."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import CrowdedError
from server.doors.values import Doors
from server.errors import ClosingError

__all__ = ["Gate", "GateKeeper"]

# Who runs the server asks these until its very end.
_ALWAYS_OPEN = ("/health", "/metrics")


class Gate:
    """Whether requests may come in, and how many are inside.

    Attributes:
        forced: whether nothing is waited for any more.
        connections: counts those that are open; the server that runs the application sets it.
    """

    def __init__(self) -> None:
        self.closed = False
        self.forced = False
        self.inside = 0
        self.connections: Callable[[], int] = lambda: 0

    def close(self) -> None:
        """Let no further request in."""
        self.closed = True


class GateKeeper:
    """Stands at the gate."""

    def __init__(self, app: ASGIApp, gate: Gate, doors: Doors) -> None:
        self._app = app
        self._gate = gate
        self._most = doors.max_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            ClosingError: the server stops.
            CrowdedError: as many connections are open as may.
        """
        if scope["type"] != "http" or scope["path"] in _ALWAYS_OPEN:
            await self._app(scope, receive, send)
            return
        if self._gate.closed:
            raise ClosingError
        if self._gate.connections() > self._most:
            raise CrowdedError(self._most)
        self._gate.inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._gate.inside -= 1
