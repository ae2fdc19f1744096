"""``/v1/embeddings``."""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response

from overlay.embedding import Embedded
from overlay.errors import InputError
from server.asking import WorkerOf, called, client_gone
from server.bodies.embedding import EmbeddingRequest
from server.engine import Engine
from server.errors import UnknownModelError
from server.replies.shapes import Embeddings, answered
from server.served import ALIASES

__all__ = ["router"]

router = APIRouter()


@router.post("/v1/embeddings", responses=answered(Embeddings))
async def embed(body: EmbeddingRequest, request: Request, worker: WorkerOf) -> Response:
    """Vectors of texts, by the embedder that the documents are searched with."""
    found = await called(worker, request, lambda engine: _embed(engine, body))
    if found is None:
        return client_gone()
    as_base64 = body.encoding_format == "base64"
    return JSONResponse(
        {
            "object": "list",
            "model": found.model,
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _base64(vector) if as_base64 else vector.tolist(),
                }
                for index, vector in enumerate(found.vectors)
            ],
            "usage": {"prompt_tokens": found.tokens, "total_tokens": found.tokens},
        }
    )


def _embed(engine: Engine, body: EmbeddingRequest) -> Embedded:
    found = engine.embed(body.input, body.collection)
    if body.model not in (found.model, *ALIASES):
        raise UnknownModelError(
            f"the embedder {body.model[:200]!r} does not exist here",
            hint=f"this server has {found.model!r}, also as 'overlay'",
            param="model",
        )
    width = found.vectors.shape[1]
    if body.dimensions not in (None, width):
        raise InputError(
            f"dimensions is {body.dimensions}",
            hint=f"{found.model} has {width}; leave dimensions out",
            param="dimensions",
        )
    return found


def _base64(vector: npt.NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
