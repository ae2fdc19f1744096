"""``/v1/chat/completions``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from fastapi.sse import EventSourceResponse

from server.asking import WorkerOf, client_gone, events_of, finished
from server.bodies.chat import ChatRequest
from server.replies.chat import Reply
from server.served import check_model
from server.worker import Ticket

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/chat/completions")
async def complete_chat(body: ChatRequest, request: Request, worker: WorkerOf) -> Response:
    """Answer the last message; the field `overlay` holds the stability report.

    A stream carries the report in its last chunk, which has no choices.
    """
    engine = worker.engine
    check_model(body.model, engine)
    messages, options = body.to_messages(), body.to_options(engine.budget)
    ticket = Ticket(lambda engine: engine.stream(messages, options))
    reply = Reply(model=engine.model_info.name)
    if body.stream:
        events = events_of(worker, ticket, request)
        # Waiting for the first event lets an error that comes before it have its own status.
        first = await anext(events, None)
        if first is None:
            return client_gone()
        sent = body.stream_options
        include_usage = bool(sent and sent.include_usage)
        return EventSourceResponse(
            reply.stream(first, events, include_usage=include_usage),
            headers={"Cache-Control": "no-cache"},
        )
    answer = await finished(worker, ticket, request)
    return client_gone() if answer is None else JSONResponse(reply.whole(answer))
