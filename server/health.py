"""``/health``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from overlay.errors import OverlayError
from server.asking import WorkerOf
from server.doors.keys import is_trusted
from server.errors import ClosingError, ErrorReply, LoadingError

__all__ = ["router"]

router = APIRouter()


@router.get("/health")
async def health(worker: WorkerOf, request: Request) -> JSONResponse:
    """Say whether requests can be answered: `ok`, `loading`, `failed` or `stopping`.

    It needs no API key. Where keys are set, whoever sends none is told no more than this word.
    """
    status, details, error = "ok", {}, None
    try:
        info = worker.engine.model_info
        details = {
            "model": info.name,
            "backend": info.backend,
            "device": info.device,
            "context_size": info.context_size,
            "running": worker.running,
            "waiting": worker.waiting,
        }
    except LoadingError as loading:
        status, error = "loading", ErrorReply.of(loading)
    except ClosingError as closing:
        status, error = "stopping", ErrorReply.of(closing)
    except OverlayError as failed:
        status, error = "failed", ErrorReply.of(failed)
        details = error.body
    body = {"status": status, **(details if is_trusted(request) else {})}
    return JSONResponse(body, error.status if error else 200, dict(error.headers) if error else {})
