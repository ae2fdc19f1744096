"""The application: an OpenAI-compatible chat endpoint with stability reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from server import chat, completions, files, health, models, vector_stores
from server.documents import Documents
from server.engine import Engine
from server.errors import ErrorBody, install_error_handlers
from server.worker import Worker

__all__ = ["create_app"]

# A token takes less. Loading takes more, and cannot be interrupted.
_SECONDS_TO_STOP = 3.0
_RESOURCES = (health, models, chat, completions, files, vector_stores)
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody},
    "5XX": {"model": ErrorBody},
}


def create_app(
    load: Callable[[], Engine], queue_size: int, documents: Documents | None = None
) -> FastAPI:
    """Create the application. It loads the engine in the background once it is started.

    Args:
        load: opens the engine; runs in the thread that will use it.
        queue_size: how many requests may wait while one is answered.
        documents: the store that files are uploaded to; None where there is none.
    """
    app = FastAPI(title="Overlay", lifespan=_lifespan)
    app.state.worker = Worker(load, queue_size)
    app.state.documents = documents
    for resource in _RESOURCES:
        app.include_router(resource.router, responses=_ERRORS)
    install_error_handlers(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    worker: Worker = app.state.worker
    documents: Documents | None = app.state.documents
    worker.start()
    if documents is not None:
        await asyncio.to_thread(documents.start)
    yield
    worker.stop()
    if documents is not None:
        await asyncio.to_thread(documents.stop)
    await asyncio.to_thread(worker.join, _SECONDS_TO_STOP)
