"""Paths in one form: doubled and trailing slashes reach what they mean, tricks reach nothing.

Nothing is redirected: a client that follows a redirect of a POST loses the body.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import PathError

__all__ = ["Paths", "is_page"]


def is_page(path: str) -> bool:
    """Whether a path is of the page's own files."""
    return path == "/" or path.startswith("/page/")


class Paths:
    """Rewrites the path in place, so that every door and the router see the same one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under its plain path.

        Raises:
            PathError: the path, decoded, climbs, or holds control characters or backslashes.
        """
        if scope["type"] == "http":
            path = _plain(scope["path"])
            scope["path"], scope["raw_path"] = path, quote(path).encode("ascii")
        await self._app(scope, receive, send)


def _plain(path: str) -> str:
    if path == "*":  # OPTIONS of the whole server
        return path
    parts = path.split("/")
    climbs = any(part in (".", "..") for part in parts)
    if climbs or "\\" in path or not path.startswith("/") or not path.isprintable():
        raise PathError(
            "the path holds a dot segment, a backslash or a character that cannot be seen",
            hint="docs/endpoint.md lists the paths",
        )
    return "/" + "/".join(part for part in parts if part)
