"""A server that speaks the endpoints which the page asks, by its real files and fixed answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import Response, StreamingResponse

from selector.budget import Budget
from server.page import install_page
from tests.page.answers import Told, step_events, tell
from tests.page.library import Library, refused
from tests.server.fakes import running as running_server

__all__ = ["Backend", "running"]

_PATIENCE = 5.0


@dataclass
class Backend:
    """Answers by fixed words; questions that begin with one of these are special.

    ``hold``: stops after its first words until ``release``. ``refuse``: 400. ``break``: an error
    in the middle. ``hostile``: markup. Resources in ``absent`` are answered 404.
    """

    key: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    rated: list[dict[str, Any]] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    library: Library = field(default_factory=Library)

    def reset(self) -> None:
        """As it was at the start."""
        self.key = ""
        for kept in (self.asked, self.rated, self.absent, self.release):
            kept.clear()
        self.library.reset()

    def app(self) -> FastAPI:
        """The endpoints, with the page."""
        app = FastAPI()
        install_page(app)
        app.get("/health")(lambda: {"status": "ok", "model": "fake"})
        app.get("/v1/models")(lambda: {"object": "list", "data": []})
        app.post("/v1/chat/completions")(self.chat)
        app.post("/v1/probe")(_probe)
        app.post("/v1/feedback")(self.feedback)
        app.include_router(self.library.router())
        app.middleware("http")(self.door)
        return app

    async def door(
        self, request: Request, inside: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Refuse whoever has no key, and what is absent."""
        path = request.url.path.split("/")
        if path[1] != "v1":
            return await inside(request)
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return refused(401, "an API key is needed: send it as a bearer token", "no_key")
        if path[2] in self.absent:
            return refused(404, f"unknown path: {request.method} {request.url.path}", "unknown_url")
        return await inside(request)

    def chat(self, body: dict[str, Any]) -> Response:
        """Stream an answer."""
        self.asked.append(body)
        question = body["messages"][-1]["content"]
        limits = body["overlay"].get("budget", {})
        if question.startswith("refuse"):
            return refused(400, "the prompt has 65 tokens; ask for less", "context_full")
        budget = Budget(limits.get("step", 0.6), limits.get("answer", 2.0))
        mode = "plain" if body["model"] == "overlay:plain" else "overlay"
        events = self._events(question, budget, tell(question, budget, mode=mode))
        return StreamingResponse(events, media_type="text/event-stream")

    def feedback(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a rating."""
        self.rated.append(body)
        return {"object": "feedback", **body}

    async def _events(self, question: str, budget: Budget, told: Told) -> AsyncIterator[str]:
        yield ": ping\n\n"
        if told.report["mode"] == "overlay":
            for step in step_events(budget):
                yield _chunk({}, overlay={"step": step})
        first, _, rest = told.text.partition(" ")
        yield _chunk({"content": first})
        if question.startswith("break"):
            yield _event({"error": {"message": "the model failed", "code": "internal_error"}})
            return
        until = time.monotonic() + _PATIENCE * question.startswith("hold")
        while not self.release.is_set() and time.monotonic() < until:
            await asyncio.sleep(0.01)
        yield _chunk({"content": f" {rest}"})
        yield _chunk({}, overlay=told.report, finish_reason="stop")
        yield "data: [DONE]\n\n"


def _probe(body: dict[str, Any]) -> dict[str, Any]:
    """The first sentence rests on the first passage, the second on none."""
    answer, passages = body["answer"], body["passages"]
    one = "<" in answer or "." not in answer
    end = len(answer) if one else answer.index(".") + 1
    spans = [(0, end), (end + 1, len(answer))] if len(answer) > end else [(0, end)]
    nothing = [0.0] * len(passages)
    tokens = [{"text": "sixty", "influence": 0.42}, {"text": " days <b>", "influence": -0.1}]
    return {
        "object": "probe",
        "answer": answer,
        "sentences": [
            {
                "text": answer[begin:stop],
                "support": nothing if place else [1.25, *nothing[1:]],
            }
            for place, (begin, stop) in enumerate(spans)
        ],
        "passages": [
            {"id": one["id"], "support": 1.0, "tokens": tokens if body["tokens"] else None}
            for one in passages
        ],
        "unavailable": {},
    }


def _chunk(delta: dict[str, str], finish_reason: str | None = None, **more: object) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _event({"id": "chatcmpl-1", "choices": [choice], **more})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


@contextmanager
def running(backend: Backend) -> Iterator[str]:
    """Serve a backend with the page; yields the address."""
    config = uvicorn.Config(backend.app(), timeout_graceful_shutdown=1, log_config=None)
    with running_server(uvicorn.Server(config)) as url:
        yield url
