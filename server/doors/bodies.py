"""How long a body may be, how deeply nested, and how slowly it may come.

A body is read here as a whole and handed on, but for an upload, which is handed on as it comes.
"""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overlay.errors import OverlayError
from server.doors.errors import BodyTooLargeError, JsonDepthError, SlowBodyError
from server.doors.values import Doors

__all__ = ["UPLOADS", "Bodies"]

UPLOADS = "/v1/files"
_DEEPEST = 64
_MIB = 1024 * 1024
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OTHER = re.compile(rb"[^][{}]+")


class Bodies:
    """Reads bodies within their limits."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body.

        Raises:
            BodyTooLargeError: it is longer than it may be; known as soon as its length is.
            SlowBodyError: it did not come in time.
            JsonDepthError: it is nested too deeply.
        """
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        uploads = scope["path"] == UPLOADS
        most = self._doors.max_upload if uploads else self._doors.max_body
        if length.isdecimal() and int(length[:20]) > most:
            raise _too_large(most, uploads=uploads)
        if uploads:
            upload = _Upload(receive, send, self._doors)
            await self._app(scope, upload.receive, upload.send)
            if upload.failure is not None:
                raise upload.failure
            return
        try:
            async with asyncio.timeout(self._doors.read_seconds):
                body = await _read(receive, most)
        except TimeoutError:
            raise _too_slow(self._doors.read_seconds) from None
        if body is None:
            return  # the client is gone
        _check_depth(body, headers.get("content-type", ""))
        await self._app(scope, _replay(body, receive), send)


async def _read(receive: Receive, most: int) -> bytes | None:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most, uploads=False)
        more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


class _Upload:
    """A body that is handed on as it comes, counted.

    Whoever reads it may make any error of one that is raised here. So the failure is kept, and the
    reply that hides it is not sent.
    """

    def __init__(self, receive: Receive, send: Send, doors: Doors) -> None:
        self.failure: OverlayError | None = None
        self._receive, self._send, self._doors = receive, send, doors
        self._taken = 0
        self._complete = False

    async def receive(self) -> Message:
        """The next piece, within its time and what is left of the length."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(self._doors.read_seconds):
                message = await self._receive()
        except TimeoutError:
            self.failure = _too_slow(self._doors.read_seconds)
            raise self.failure from None
        self._taken += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._taken > self._doors.max_upload:
            self.failure = _too_large(self._doors.max_upload, uploads=True)
            raise self.failure
        return message

    async def send(self, message: Message) -> None:
        """Send a reply, unless it is to what went wrong here."""
        if self.failure is None:
            await self._send(message)


def _check_depth(body: bytes, content_type: str) -> None:
    if "multipart/" in content_type or body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return
    depth = 0
    for sign in _OTHER.sub(b"", _STRING.sub(b"", body)):
        depth += 1 if sign in b"[{" else -1
        if depth > _DEEPEST:
            raise JsonDepthError(
                f"the body is nested more than {_DEEPEST} deep", hint="no request needs that"
            )


def _too_large(most: int, *, uploads: bool) -> BodyTooLargeError:
    name = "max_upload_mib" if uploads else "max_body_mib"
    return BodyTooLargeError(
        f"the body is longer than {most / _MIB:g} MiB", hint=f"the setting {name} allows more"
    )


def _too_slow(seconds: float) -> SlowBodyError:
    return SlowBodyError(
        f"the body did not come within {seconds:g} s", hint="the setting read_seconds allows more"
    )
