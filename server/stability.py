"""``/v1/stability``: passages that the client brings, judged."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from overlay.report import step_report
from server.asking import WorkerOf, called, client_gone
from server.bodies.passages import StabilityRequest
from server.replies.shapes import Stability, answered
from server.replies.usage import cost_of

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/stability", responses=answered(Stability))
async def judge(body: StabilityRequest, request: Request, worker: WorkerOf) -> Response:
    """Judge passages as if they had been retrieved; nothing is answered.

    The steps come in the order in which the passages would enter the context.
    """
    engine = worker.engine
    chunks, options = body.to_chunks(), body.to_options(engine.budget)
    judged = await called(
        worker, request, lambda engine: engine.judge(body.question, chunks, options)
    )
    if judged is None:
        return client_gone()
    accepted = [step for step in judged.steps if step.verdict.accepted]
    return JSONResponse(
        {
            "object": "stability",
            "model": engine.model_info.name,
            "budget": asdict(judged.budget),
            "spent": judged.spent,
            "accepted": [body.name(int(step.chunk.chunk.id)) for step in accepted],
            "steps": [
                {"id": body.name(int(step.chunk.chunk.id)), **step_report(step)}
                for step in judged.steps
            ],
            "cost": cost_of(judged.cost),
        }
    )
