"""HEAD wherever GET is, and OPTIONS that says what a path takes."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.record import current

__all__ = ["Head", "Options"]


class Options:
    """Answers OPTIONS, but for a browser's question whether another origin may ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            asks_first = "origin" in headers and "access-control-request-method" in headers
            methods = _methods(scope["app"], scope)
            if methods and not asks_first:
                allowed = ", ".join(sorted(methods | {"OPTIONS"}))
                await Response(status_code=204, headers={"Allow": allowed})(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Head:
    """Hands HEAD on as GET. The server that called leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}
            record = current.get()
            if record is not None:
                record.scope = scope
        await self._app(scope, receive, send)


def _methods(app: FastAPI, scope: Scope) -> set[str]:
    """What the path takes; empty where there is no such path."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if scope["path"] == "*" or route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or {"GET"}
    return found | ({"HEAD"} if "GET" in found else set())
