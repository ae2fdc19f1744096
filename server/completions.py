"""``/v1/completions``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from overlay.answer import Event
from overlay.options import AskOptions
from server.asking import WorkerOf, client_gone, finished
from server.bodies.completion import CompletionRequest
from server.engine import Engine
from server.replies.completion import completion_body
from server.served import check_model
from server.worker import Ticket

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/completions")
async def complete_text(body: CompletionRequest, request: Request, worker: WorkerOf) -> Response:
    """Continue each prompt as it is, with no chat around it; chunks stand before it.

    Each choice has a field `overlay` with its stability report.
    """
    engine = worker.engine
    check_model(body.model, engine)
    options = body.to_options(engine.budget)
    answers = []
    for prompt in body.prompt:
        answer = await finished(worker, Ticket(_completion(prompt, options)), request)
        if answer is None:
            return client_gone()
        answers.append(answer)
    return JSONResponse(completion_body(answers, model=engine.model_info.name, options=options))


def _completion(
    prompt: str | Sequence[int], options: AskOptions
) -> Callable[[Engine], Iterator[Event]]:
    return lambda engine: engine.complete(prompt, options)
