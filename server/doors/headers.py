"""What every reply tells a browser not to do."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.doors.paths import is_page

__all__ = ["SecurityHeaders"]

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
# Anyone's document, opened in a browser, is shown and does nothing.
_OTHER_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


class SecurityHeaders:
    """Sets them where an endpoint has set none of the same name.

    What may run is said here for all paths but the page's own: no endpoint opens that by mistake.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; its reply leaves with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                if is_page(scope["path"]):
                    headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
                    headers.setdefault("Cache-Control", "no-cache")
                else:
                    headers["Content-Security-Policy"] = _OTHER_POLICY
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded)
