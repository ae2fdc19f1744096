"""``/v1/responses``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from server.asking import WorkerOf, answers_of, client_gone, events_of
from server.bodies.response import ResponseRequest
from server.event_stream import streamed
from server.feedback import KeptOf
from server.replies.response import Reply
from server.replies.shapes import ResponseObject, answered
from server.served import check_model
from server.worker import Ticket

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/responses", responses=answered(ResponseObject, streams=True))
async def respond(
    body: ResponseRequest, request: Request, worker: WorkerOf, kept: KeptOf
) -> Response:
    """Answer the last message of the input; nothing is stored, and no earlier response known."""
    engine = worker.engine
    check_model(body.model, engine)
    messages, options = body.to_messages(), body.to_options(engine.budget)
    ticket = Ticket(lambda engine: engine.stream(messages, options))
    reply = Reply(engine.model_info.name, body, options)
    events = kept.noting(reply.id, messages, events_of(worker, ticket, request))
    if body.stream:
        return await streamed(reply.stream(events)) or client_gone()
    answers = await answers_of(events)
    return JSONResponse(reply.whole(answers[0])) if answers else client_gone()
