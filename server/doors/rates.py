"""How often one client may ask."""

from __future__ import annotations

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import RateLimitError
from server.doors.record import current
from server.doors.values import Doors

__all__ = ["Rates", "client_of"]

_COUNTED = "/v1/"
# What one household or machine is given; it may take any address of these.
_IPV6_NETWORK = 64


class Rates:
    """Counts requests to the API by key, or by address where there are no keys."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._limit = doors.rate_limit
        self._item = RateLimitItemPerMinute(max(1, doors.rate_limit))
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            RateLimitError: its client has asked as often as it may.
        """
        if scope["type"] == "http" and self._limit and scope["path"].startswith(_COUNTED):
            await self._count(client_of(scope))
        await self._app(scope, receive, send)

    async def _count(self, client: str) -> None:
        if await self._limiter.hit(self._item, client):
            return
        stats = await self._limiter.get_window_stats(self._item, client)
        raise RateLimitError(self._limit, max(1, math.ceil(stats.reset_time - time.time())))


def client_of(scope: Scope) -> str:
    """Whose request it is: the holder of a key, or of an address or a network of addresses."""
    record = current.get()
    if record is not None and record.key is not None:
        return f"key {record.key}"
    host = scope["client"][0] if scope.get("client") else ""
    if ":" in host:
        network = ipaddress.ip_network((host.partition("%")[0], _IPV6_NETWORK), strict=False)
        return f"address {network}"
    return f"address {host}"
