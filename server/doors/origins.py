"""Pages of other origins: closed, unless the setting ``cors_origins`` names them.

A browser sends a form, or text/plain that holds JSON, to any address without asking first. So it
is not enough to leave out CORS headers: a request from a foreign page is refused.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import ForeignOriginError
from server.doors.values import Doors

__all__ = ["Origins", "cors"]

_READS = ("GET", "HEAD")


class Origins:
    """Refuses what a page of a foreign origin sends."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._named = frozenset(doors.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            ForeignOriginError: it comes from a page that may not ask.
        """
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origins = headers.getlist("origin")
            for origin in origins:
                self._check(origin.lower(), headers.get("host", "").lower())
            # Some forms come without Origin; browsers say here that another site sent them.
            site = headers.get("sec-fetch-site", "")
            if not origins and scope["method"] not in _READS and site.endswith("-site"):
                self._refuse(site)
        await self._app(scope, receive, send)

    def _check(self, origin: str, host: str) -> None:
        # A proxy that speaks TLS passes on the same host, and the scheme is not known here.
        if origin in self._named or "*" in self._named or origin.partition("://")[2] == host:
            return
        self._refuse(origin)

    def _refuse(self, what: str) -> None:
        raise ForeignOriginError(
            f"pages of another origin may not ask here: {what[:100]!r}",
            hint="the setting cors_origins names those that may",
            param="Origin",
        )


def cors(app: ASGIApp, doors: Doors) -> ASGIApp:
    """What tells a browser that the named origins may ask; the application itself if none is."""
    if not doors.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=doors.cors_origins,
        allow_methods=("DELETE", "GET", "HEAD", "OPTIONS", "POST"),
        # All: a key in `authorization`, and what OpenAI's client says of itself (x-stainless-*).
        allow_headers=("*",),
        expose_headers=("x-request-id", "retry-after", "www-authenticate"),
        # Chrome asks before a public page may reach a private address.
        allow_private_network=True,
    )
