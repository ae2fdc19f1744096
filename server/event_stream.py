"""Server-sent events: headers at once, comments while nothing comes, errors as events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Mapping

from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from overlay.errors import OverlayError
from server.errors import ErrorReply

__all__ = ["DONE", "frame", "streamed"]

DONE = format_sse_event(data_str="[DONE]")
"""Ends a stream of OpenAI's."""

# Longer than a wrong request takes to be found wrong: it then has its own status.
_SECONDS_BEFORE_HEADERS = 0.25
_SECONDS_BETWEEN_PINGS = 5.0
_PING = format_sse_event(comment="ping")

_logger = logging.getLogger(__name__)


def frame(data: Mapping[str, object], event: str | None = None) -> bytes:
    """One server-sent event that holds JSON."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return format_sse_event(data_str=text, event=event)


async def streamed(frames: AsyncGenerator[bytes]) -> Response | None:
    """The reply that sends these events as they come; None where there are none.

    Headers go out with the first event, or soon without it. An error that comes before them has a
    status of its own; a later one becomes the last event. While nothing comes, ``: ping`` is sent.

    Raises:
        OverlayError: the error that came before the headers.
    """
    first = asyncio.ensure_future(anext(frames, None))
    try:
        await asyncio.wait([first], timeout=_SECONDS_BEFORE_HEADERS)
        if first.done() and first.result() is None:
            return None
    except BaseException:
        first.cancel()
        raise
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_sent(first, frames), headers=headers)


async def _sent(
    coming: asyncio.Future[bytes | None], frames: AsyncGenerator[bytes]
) -> AsyncGenerator[bytes]:
    try:
        wait = 0.0
        while True:
            # The first comment goes at once: proxies and clients wait for bytes, not for headers.
            await asyncio.wait([coming], timeout=wait)
            wait = _SECONDS_BETWEEN_PINGS
            if not coming.done():
                yield _PING
                continue
            sent = coming.result()
            if sent is None:
                return
            yield sent
            coming = asyncio.ensure_future(anext(frames, None))
    except OverlayError as error:
        yield frame(ErrorReply.of(error).body)
    except Exception as error:
        _logger.exception("a stream failed")
        yield frame(ErrorReply.of(error).body)
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await coming
        await frames.aclose()
