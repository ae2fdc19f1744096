"""The page at ``/``: static files of this package, with nothing from another host."""

from __future__ import annotations

from pathlib import Path, PurePath

from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["install_page"]

_FOLDER = Path(__file__).parent / "static"

# Named here: what a system calls a module's type is not always what a browser runs.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # Trusted types: a browser refuses to read a text as markup, wherever a script tries it.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A browser asks again each time, and gets 304 while the ETag is the same.
    "Cache-Control": "no-cache",
}


class _PageFiles(StaticFiles):
    """Files with their types, an ETag, and the headers of the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See :class:`StaticFiles`."""
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        if response.status_code == 200:
            kind = _TYPES.get(PurePath(path).suffix, "text/plain; charset=utf-8")
            response.headers["Content-Type"] = kind
        return response


def install_page(app: FastAPI) -> None:
    """Serve the page at ``/``, and what it needs under ``/page/``."""
    files = _PageFiles(directory=_FOLDER)

    async def index(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    app.add_route("/", index, methods=["GET"], include_in_schema=False)
    app.mount("/page", files)
