"""``/v1/models``."""

from __future__ import annotations

from fastapi import APIRouter

from server.asking import WorkerOf
from server.served import check_model
from server.worker import Worker

__all__ = ["router"]

router = APIRouter()


@router.get("/v1/models")
async def list_models(worker: WorkerOf) -> dict[str, object]:
    """List the one model that is served."""
    return {"object": "list", "data": [_model_card(worker)]}


@router.get("/v1/models/{model_id:path}")
async def get_model(model_id: str, worker: WorkerOf) -> dict[str, object]:
    """Describe the served model, by its id or as `overlay`."""
    check_model(model_id, worker.engine)
    return _model_card(worker)


def _model_card(worker: Worker) -> dict[str, object]:
    return {
        "id": worker.engine.model_info.name,
        "object": "model",
        "created": worker.created,
        "owned_by": "overlay",
    }
