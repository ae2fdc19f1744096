"""Against DNS rebinding: a page of another site whose name was made to mean this machine."""

from __future__ import annotations

import ipaddress
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import ForeignHostError, HostHeaderError
from server.doors.values import Doors

__all__ = ["Hosts"]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")


class Hosts:
    """Lets pass what asks for this server by one of its names, with any port."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            HostHeaderError: ``Host`` is missing, doubled or no host.
            ForeignHostError: it names another host.
        """
        if scope["type"] == "http":
            self._check([value for name, value in scope["headers"] if name == b"host"])
        await self._app(scope, receive, send)

    def _check(self, values: list[bytes]) -> None:
        if len(values) != 1:
            raise HostHeaderError(
                f"the request has {len(values)} Host headers", hint="send one", param="Host"
            )
        text = values[0].decode("latin-1").lower()
        found = _HOST.fullmatch(text)
        if found is None:
            raise HostHeaderError("the Host header is no host", param="Host")
        name = found["name"]
        if not self._is_known(name) and not (self._doors.any_address and _is_address(name)):
            raise ForeignHostError(
                f"this server does not go by the name {name[:100]!r}",
                hint="the setting allowed_hosts adds names",
                param="Host",
            )

    def _is_known(self, name: str) -> bool:
        return any(
            known in ("*", name) or (known.startswith("*.") and name.endswith(known[1:]))
            for known in self._doors.hosts
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
