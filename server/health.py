"""``/health``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from overlay.errors import OverlayError
from server.asking import WorkerOf
from server.errors import ErrorReply, LoadingError

__all__ = ["router"]

router = APIRouter()


@router.get("/health")
async def health(worker: WorkerOf) -> JSONResponse:
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
