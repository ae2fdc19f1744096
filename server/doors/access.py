"""Each request has an id, one line in the log, and its place in the metrics."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.doors.record import RequestRecord, current

__all__ = ["ACCESS", "Access"]

ACCESS = "server.access"
"""The logger of the lines that requests have."""

# nginx's number for a client that is gone.
_CLIENT_GONE = 499
_LONGEST_PATH = 200
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_logger = logging.getLogger(ACCESS)


class Access:
    """Notes every request, refused ones too.

    Args:
        noted: is told of each request once it has ended.
    """

    def __init__(self, app: ASGIApp, noted: Callable[[RequestRecord], None]) -> None:
        self._app = app
        self._noted = noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"
        record = RequestRecord(name, scope)
        method, path = scope["method"], scope["path"]

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = record.id
            await send(message)

        token = current.set(record)
        try:
            await self._app(scope, receive, named)
        finally:
            current.reset(token)
            record.status = record.status or _CLIENT_GONE
            self._noted(record)
            # The path as it was asked, so that a refused one can be found. It has no query.
            _logger.info("request", extra=_line(record, method, path[:_LONGEST_PATH]))


def _line(record: RequestRecord, method: str, path: str) -> dict[str, object]:
    client = record.scope.get("client")
    fields: dict[str, object] = {
        "request_id": record.id,
        "method": method[:20],
        "path": path,
        "status": record.status,
        "ms": round(record.seconds * 1000),
        "key": record.key,
        "client": client[0] if client else None,
        "error": record.error,
    }
    if record.answers:
        firsts = [answer.first for answer in record.answers if answer.first is not None]
        indices = [answer.index for answer in record.answers if answer.index is not None]
        fields |= {
            "queue_ms": round(record.answers[0].queued * 1000),
            "first_token_ms": round(firsts[0] * 1000) if firsts else None,
            "tokens": sum(answer.tokens for answer in record.answers),
            "outcome": ",".join(dict.fromkeys(answer.outcome for answer in record.answers)),
            "index": round(max(indices), 4) if indices else None,
            "accepted": sum(answer.accepted for answer in record.answers),
            "rejected": sum(answer.rejected for answer in record.answers),
        }
    return {name: value for name, value in fields.items() if value is not None}
