"""The application: an OpenAI-compatible chat endpoint with stability reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from server.engine import Engine
from server.errors import install_error_handlers
from server.page import install_page
from server.routes import router
from server.worker import Worker

__all__ = ["create_app"]

# A token takes less. Loading takes more, and cannot be interrupted.
_SECONDS_TO_STOP = 3.0


def create_app(load: Callable[[], Engine], queue_size: int) -> FastAPI:
    """Create the application. It loads the engine in the background once it is started.

    Args:
        load: opens the engine; runs in the thread that will use it.
        queue_size: how many requests may wait while one is answered.
    """
    app = FastAPI(title="Overlay", lifespan=_lifespan)
    app.state.worker = Worker(load, queue_size)
    app.include_router(router)
    install_page(app)
    install_error_handlers(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    worker: Worker = app.state.worker
    worker.start()
    yield
    worker.stop()
    await asyncio.to_thread(worker.join, _SECONDS_TO_STOP)
