"""The application: an OpenAI-compatible chat endpoint with stability reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from server import (
    chat,
    completions,
    embeddings,
    feedback,
    files,
    health,
    models,
    probe,
    responses,
    stability,
    vector_stores,
)
from server.documents import Documents
from server.doors.gate import Gate
from server.doors.metrics import Metrics
from server.doors.stack import stack
from server.doors.values import Doors
from server.engine import Engine
from server.errors import ErrorBody, install_error_handlers
from server.kept_answers import KeptAnswers
from server.page import install_page
from server.worker import Worker

__all__ = ["create_app"]

# A token takes less. Loading takes more, and cannot be interrupted.
_SECONDS_TO_STOP = 3.0
_LOCAL = Doors()
_FEEDBACK = "feedback.jsonl"
_RESOURCES = (
    *(health, models, chat, completions, responses, embeddings),
    *(stability, probe, feedback),
)
_OF_DOCUMENTS = (files, vector_stores)
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody},
    "5XX": {"model": ErrorBody},
}


def create_app(
    load: Callable[[], Engine],
    queue_size: int,
    store: Path | None = None,
    doors: Doors = _LOCAL,
    documents: Documents | None = None,
    *,
    parallel: int = 1,
) -> FastAPI:
    """Create the application. It loads the engine in the background once it is started.

    Args:
        load: opens the engine; runs in the thread that will use it.
        queue_size: how many requests may wait.
        store: the folder that feedback is kept in; None keeps none.
        doors: who may ask, how much, and for how long.
        documents: the store that files are uploaded to; None where there is none.
        parallel: how many are answered at a time, where the engine can.
    """
    worker, gate = Worker(load, queue_size, parallel), Gate()
    metrics = Metrics(lambda: worker.waiting)
    app = FastAPI(
        title="Overlay",
        lifespan=_lifespan,
        middleware=stack(doors, gate, metrics.note),
        # Its pages of documentation load scripts from another host.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirected POST loses its body
    )
    app.state.worker, app.state.gate, app.state.doors = worker, gate, doors
    app.state.kept = KeptAnswers(None if store is None else store / _FEEDBACK)
    app.state.documents = documents
    for resource in (*_RESOURCES, *(_OF_DOCUMENTS if documents else ())):
        app.include_router(resource.router, responses=_ERRORS)
    app.include_router(metrics.router)
    install_page(app)
    install_error_handlers(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    worker: Worker = app.state.worker
    gate: Gate = app.state.gate
    documents: Documents | None = app.state.documents
    worker.start()
    if documents is not None:
        await asyncio.to_thread(documents.start)
    yield
    worker.stop()
    if documents is not None:
        await asyncio.to_thread(documents.stop)
    await asyncio.to_thread(worker.join, 0 if gate.forced else _SECONDS_TO_STOP)
