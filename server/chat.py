"""``/v1/chat/completions``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from server.asking import WorkerOf, answers_of, client_gone, events_of
from server.bodies.chat import ChatRequest
from server.event_stream import streamed
from server.feedback import KeptOf
from server.replies.chat import Reply
from server.replies.shapes import ChatCompletion, answered
from server.served import check_model
from server.worker import Ticket

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/chat/completions", responses=answered(ChatCompletion, streams=True))
async def complete_chat(
    body: ChatRequest, request: Request, worker: WorkerOf, kept: KeptOf
) -> Response:
    """Answer the last message; the field `overlay` holds the stability report.

    A stream carries the report on the chunk that ends the answer.
    """
    engine = worker.engine
    check_model(body.model, engine)
    messages, options = body.to_messages(), body.to_options(engine.budget)
    ticket = Ticket(lambda engine: engine.stream(messages, options))
    reply = Reply(
        engine.model_info.name,
        options,
        steps=bool(body.overlay and body.overlay.steps),
        include_usage=body.include_usage,
    )
    events = kept.noting(reply.id, messages, events_of(worker, ticket, request))
    if body.stream:
        return await streamed(reply.stream(events)) or client_gone()
    answers = await answers_of(events)
    return JSONResponse(reply.whole(answers[0])) if answers else client_gone()
