"""Errors that doors and endpoints raise become replies; a defect is logged and kept to itself."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overlay.errors import OverlayError
from server.doors.record import current
from server.errors import ErrorReply

__all__ = ["Errors", "frames_of", "log_defect"]

_logger = logging.getLogger(__name__)


def log_defect(logger: logging.Logger, message: str, error: BaseException, **extra: Any) -> None:
    """Log where an error came from. What it says may quote a document, so only `debug` shows it."""
    told = logger.isEnabledFor(logging.DEBUG)
    logger.error(message, extra={"traceback": frames_of(error, told=told), **extra})


def frames_of(error: BaseException, *, told: bool) -> str:
    """The traceback: frames and names of errors, without local variables.

    Args:
        told: whether it has the words of the errors too.
    """
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(parts) < 5:
        words = f": {seen}" if told else " (log_level = debug shows what it says)"
        frames = "".join(traceback.format_tb(seen.__traceback__))
        parts.insert(0, f"{frames}{type(seen).__qualname__}{words}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\nand then\n".join(parts)


class Errors:
    """Replies with the one form of an error, whatever was raised inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for what it raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last place that could answer
            if not isinstance(error, OverlayError):
                log_defect(_logger, "a request failed", error)
            reply = ErrorReply.of(error)
            record = current.get()
            if record is not None:
                record.error = reply.code
            if not started:
                response = JSONResponse(reply.body, reply.status, dict(reply.headers))
                await response(scope, receive, send)
