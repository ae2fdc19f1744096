"""How long one request to the model may take.

It ends with an error, not with ``finish_reason: length``: an answer that was cut has no report, and
a part of it is not what was asked for.
"""

from __future__ import annotations

import asyncio
import json

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.doors.bodies import UPLOADS
from server.doors.errors import AnswerTimeoutError
from server.doors.record import current
from server.doors.values import Doors
from server.errors import ErrorReply

__all__ = ["Deadline"]

_STORES = "/v1/vector_stores"


class Deadline:
    """Ends what takes too long: with 504, or where a stream has begun with an error event."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._seconds = doors.answer_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within its time.

        Raises:
            AnswerTimeoutError: it is over, and no reply has begun.
        """
        if not self._seconds or not _asks_the_model(scope):
            await self._app(scope, receive, send)
            return
        started: Headers | None = None

        async def watched(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = Headers(scope=message)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, watched)
        except TimeoutError:
            if not limit.expired():
                raise
            error = AnswerTimeoutError(
                f"the answer took longer than {self._seconds:g} s",
                hint="the setting answer_seconds allows more",
            )
            if started is None:
                raise error from None
            record = current.get()
            if record is not None:
                record.error = error.code
            streams = started.get("content-type", "").startswith("text/event-stream")
            last = f"data: {json.dumps(ErrorReply.of(error).body)}\n\n" if streams else ""
            await send({"type": "http.response.body", "body": last.encode(), "more_body": False})


def _asks_the_model(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path = scope["path"]
    return path.startswith("/v1/") and path != UPLOADS and not path.startswith(_STORES)
