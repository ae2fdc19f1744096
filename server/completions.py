"""``/v1/completions``."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from overlay.answer import Event
from server.asking import WorkerOf, answers_of, client_gone, events_of
from server.bodies.completion import CompletionRequest
from server.engine import Engine
from server.event_stream import streamed
from server.replies.completion import Reply
from server.replies.shapes import TextCompletion, answered
from server.served import check_model
from server.worker import Ticket

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/completions", responses=answered(TextCompletion, streams=True))
async def complete_text(body: CompletionRequest, request: Request, worker: WorkerOf) -> Response:
    """Continue each prompt as it is, with no chat around it; chunks stand before it.

    Each choice has a field `overlay` with its stability report.
    """
    engine = worker.engine
    check_model(body.model, engine)
    options = body.to_options(engine.budget)

    def ask(engine: Engine) -> Iterator[Event]:
        for prompt in body.prompt:
            yield from engine.complete(prompt, options)

    reply = Reply(engine.model_info.name, options, include_usage=body.include_usage)
    events = events_of(worker, Ticket(ask), request)
    if body.stream:
        return await streamed(reply.stream(events)) or client_gone()
    answers = await answers_of(events)
    return JSONResponse(reply.whole(answers)) if answers else client_gone()
