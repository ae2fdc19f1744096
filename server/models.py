"""``/v1/models``."""

from __future__ import annotations

from fastapi import APIRouter

from server.asking import WorkerOf
from server.replies.shapes import ModelCard, ModelCards, answered
from server.served import ALIASES, check_model
from server.worker import Worker

__all__ = ["router"]

router = APIRouter()


@router.get("/v1/models", responses=answered(ModelCards))
async def list_models(worker: WorkerOf) -> dict[str, object]:
    """List the served model, by its own id and by each alias that a client can pick."""
    names = (worker.engine.model_info.name, *ALIASES)
    return {"object": "list", "data": [_card(name, worker) for name in names]}


@router.get("/v1/models/{model_id:path}", responses=answered(ModelCard))
async def get_model(model_id: str, worker: WorkerOf) -> dict[str, object]:
    """Describe the served model, by its id or an alias."""
    check_model(model_id, worker.engine)
    return _card(model_id, worker)


def _card(name: str, worker: Worker) -> dict[str, object]:
    return {"id": name, "object": "model", "created": worker.created, "owned_by": "overlay"}
