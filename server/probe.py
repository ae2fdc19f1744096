"""``/v1/probe``: which passages made an answer likelier."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from overlay.attribution import PassageSupport
from server.asking import WorkerOf, called, client_gone
from server.bodies.passages import ProbeRequest
from server.replies.shapes import Probe, answered

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/probe", responses=answered(Probe))
async def probe(body: ProbeRequest, request: Request, worker: WorkerOf) -> Response:
    """Say how much likelier each passage made each sentence of an answer, in nats a token."""
    texts = body.to_texts()
    found = await called(
        worker,
        request,
        lambda engine: engine.attribute(body.question, texts, body.answer, tokens=body.tokens),
    )
    if found is None:
        return client_gone()
    return JSONResponse(
        {
            "object": "probe",
            "model": worker.engine.model_info.name,
            "answer": found.answer,
            "sentences": [
                {"text": one.text, "support": list(one.support)} for one in found.sentences
            ],
            "passages": [
                {"id": given.id or str(number), **_passage(one)}
                for number, (given, one) in enumerate(
                    zip(body.passages, found.passages, strict=True)
                )
            ],
            "unavailable": found.unavailable,
        }
    )


def _passage(one: PassageSupport) -> dict[str, object]:
    tokens = None
    if one.tokens is not None:
        tokens = [{"text": text, "influence": lost} for text, lost in one.tokens]
    return {"support": one.support, "tokens": tokens}
