"""From a request to the engine and back: a ticket's events, for as long as the client is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Annotated, TypeVar

from fastapi import Depends
from fastapi.requests import Request
from fastapi.responses import Response

from overlay.answer import Answer, AnswerFinished, Event
from server.engine import Engine
from server.worker import Ticket, Worker

__all__ = ["WorkerOf", "answers_of", "called", "client_gone", "events_of"]

# nginx's number for it. Nobody reads this reply; the access log shows it.
_CLIENT_GONE = 499


def _find_worker(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker


_Result = TypeVar("_Result")

WorkerOf = Annotated[Worker, Depends(_find_worker)]
"""The worker of the application that a request came to."""


def client_gone() -> Response:
    """The reply to a client that waits for none."""
    return Response(status_code=_CLIENT_GONE)


async def answers_of(events: AsyncGenerator[Event]) -> list[Answer]:
    """The whole answers; none where the client is gone."""
    async with contextlib.aclosing(events):
        return [event.answer async for event in events if isinstance(event, AnswerFinished)]


async def events_of(worker: Worker, ticket: Ticket, request: Request) -> AsyncGenerator[Event]:
    """Yield a ticket's events, and give up its place when they are wanted no more."""
    worker.submit(ticket)
    watcher = asyncio.create_task(_cancel_when_gone(worker, ticket, request))
    try:
        async for event in ticket.events():
            yield event
    finally:
        watcher.cancel()
        worker.cancel(ticket)


async def called(
    worker: Worker, request: Request, function: Callable[[Engine], _Result]
) -> _Result | None:
    """What a function makes of the engine, in the worker's thread; None where the client is gone.

    Raises:
        OverlayError: the function, or the worker, refuses.
    """
    results: list[_Result] = []

    def ask(engine: Engine) -> Iterator[Event]:
        results.append(function(engine))
        yield from ()

    async with contextlib.aclosing(events_of(worker, Ticket(ask), request)) as events:
        async for _ in events:
            pass
    return results[0] if results else None


async def _cancel_when_gone(worker: Worker, ticket: Ticket, request: Request) -> None:
    # The body was read to its end, so the next message is that the client is gone.
    while (await request.receive())["type"] != "http.disconnect":
        pass
    worker.cancel(ticket)
