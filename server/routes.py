"""The endpoints."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from fastapi.sse import EventSourceResponse

from overlay.answer import Answer, AnswerFinished, Event
from overlay.errors import OverlayError
from overlay.options import AskOptions
from server.completions import completion_body
from server.engine import Engine
from server.errors import ErrorBody, ErrorReply, LoadingError, UnknownModelError
from server.replies import Reply
from server.schemas import ALIASES, ChatRequest, CompletionRequest
from server.worker import Ticket, Worker

__all__ = ["router"]

# nginx's number for it. Nobody reads this reply; the access log shows it.
_CLIENT_GONE = 499

router = APIRouter(responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}})


def _find_worker(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker


_Worker = Annotated[Worker, Depends(_find_worker)]


@router.get("/health")
async def health(worker: _Worker) -> JSONResponse:
    """Say whether requests can be answered: `ok`, `loading` or `failed`."""
    try:
        info = worker.engine.model_info
    except LoadingError as error:
        reply = ErrorReply.of(error)
        return JSONResponse({"status": "loading"}, reply.status, dict(reply.headers))
    except OverlayError as error:
        reply = ErrorReply.of(error)
        return JSONResponse({"status": "failed", **reply.body}, reply.status)
    return JSONResponse(
        {
            "status": "ok",
            "model": info.name,
            "backend": info.backend,
            "device": info.device,
            "context_size": info.context_size,
            "waiting": worker.waiting,
        }
    )


@router.get("/v1/models")
async def list_models(worker: _Worker) -> dict[str, object]:
    """List the one model that is served."""
    return {"object": "list", "data": [_model_card(worker)]}


@router.get("/v1/models/{model_id:path}")
async def get_model(model_id: str, worker: _Worker) -> dict[str, object]:
    """Describe the served model, by its id or as `overlay`."""
    _check_model(model_id, worker.engine)
    return _model_card(worker)


@router.post("/v1/chat/completions")
async def complete_chat(body: ChatRequest, request: Request, worker: _Worker) -> Response:
    """Answer the last message; the field `overlay` holds the stability report.

    A stream carries the report in its last chunk, which has no choices.
    """
    engine = worker.engine
    _check_model(body.model, engine)
    messages, options = body.to_messages(), body.to_options(engine.budget)
    ticket = Ticket(lambda engine: engine.stream(messages, options))
    reply = Reply(model=engine.model_info.name)
    if body.stream:
        events = _answer(worker, ticket, request)
        # Waiting for the first event lets an error that comes before it have its own status.
        first = await anext(events, None)
        if first is None:
            return Response(status_code=_CLIENT_GONE)
        sent = body.stream_options
        include_usage = bool(sent and sent.include_usage)
        return EventSourceResponse(
            reply.stream(first, events, include_usage=include_usage),
            headers={"Cache-Control": "no-cache"},
        )
    answer = await _finish(worker, ticket, request)
    return (
        Response(status_code=_CLIENT_GONE) if answer is None else JSONResponse(reply.whole(answer))
    )


@router.post("/v1/completions")
async def complete_text(body: CompletionRequest, request: Request, worker: _Worker) -> Response:
    """Continue each prompt as it is, with no chat around it; chunks stand before it.

    Each choice has a field `overlay` with its stability report.
    """
    engine = worker.engine
    _check_model(body.model, engine)
    options = body.to_options(engine.budget)
    answers = []
    for prompt in body.prompt:
        answer = await _finish(worker, Ticket(_completion(prompt, options)), request)
        if answer is None:
            return Response(status_code=_CLIENT_GONE)
        answers.append(answer)
    return JSONResponse(completion_body(answers, model=engine.model_info.name, options=options))


def _completion(
    prompt: str | Sequence[int], options: AskOptions
) -> Callable[[Engine], Iterator[Event]]:
    return lambda engine: engine.complete(prompt, options)


async def _finish(worker: Worker, ticket: Ticket, request: Request) -> Answer | None:
    """The whole answer to a ticket; None where the client is gone."""
    async with contextlib.aclosing(_answer(worker, ticket, request)) as events:
        async for event in events:
            if isinstance(event, AnswerFinished):
                return event.answer
    return None


def _check_model(model_id: str, engine: Engine) -> None:
    served = engine.model_info.name
    if model_id not in (served, *ALIASES):
        raise UnknownModelError(
            f"the model {model_id[:200]!r} does not exist here",
            hint=f"this server has {served!r}, also as {', '.join(map(repr, ALIASES))}",
            param="model",
        )


def _model_card(worker: Worker) -> dict[str, object]:
    return {
        "id": worker.engine.model_info.name,
        "object": "model",
        "created": worker.created,
        "owned_by": "overlay",
    }


async def _answer(worker: Worker, ticket: Ticket, request: Request) -> AsyncGenerator[Event]:
    """Yield a ticket's events, and give up its place when they are wanted no more."""
    worker.submit(ticket)
    watcher = asyncio.create_task(_cancel_when_gone(worker, ticket, request))
    try:
        async for event in ticket.events():
            yield event
    finally:
        watcher.cancel()
        worker.cancel(ticket)


async def _cancel_when_gone(worker: Worker, ticket: Ticket, request: Request) -> None:
    # The body was read to its end, so the next message is that the client is gone.
    while (await request.receive())["type"] != "http.disconnect":
        pass
    worker.cancel(ticket)
