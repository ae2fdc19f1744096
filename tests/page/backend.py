"""A server that speaks the endpoints which the page asks, by its real files and fixed answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from selector.budget import Budget
from server.page import install_page
from server.serving import bind, url_of
from tests.page.answers import Told, step_events, tell

__all__ = ["Backend", "running"]

_PATIENCE = 5.0


@dataclass
class Backend:
    """Answers by fixed words; questions that begin with one of these are special.

    ``hold``: stops after its first words until ``release``. ``refuse``: 400. ``break``: an error
    in the middle. ``hostile``: markup. Paths in ``absent`` are answered 404.
    """

    key: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    rated: list[dict[str, Any]] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    files: dict[str, str] = field(default_factory=dict)
    stores: dict[str, dict[str, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """As it was at the start."""
        self.__init__()  # type: ignore[misc]  # the fields' defaults, anew
        self.stores["vs_default"] = {"doc-1": "completed"}
        self.files["doc-1"] = "handbook/lost-property.md"

    async def reply(self, request: Request) -> Response:
        """Answer any request."""
        path, method = request.url.path.removeprefix("/v1/"), request.method
        if path == "/health":
            return JSONResponse({"status": "ok", "model": "fake"})
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "an API key is needed: send it as a bearer token", "invalid_api_key")
        parts = path.split("/")
        if parts[0] in self.absent:
            return _error(404, f"unknown path: {method} /v1/{path}", "unknown_url")
        if parts[0] == "files":
            return await self._files(request, method, parts[1:])
        if parts[0] == "vector_stores":
            return await self._stores(request, method, parts[1:])
        body = await request.json() if method == "POST" else {}
        match parts[0]:
            case "models":
                return JSONResponse({"object": "list", "data": []})
            case "chat":
                return self._chat(body)
            case "probe":
                return JSONResponse(_probe(body))
            case "feedback":
                self.rated.append(body)
                return JSONResponse({"object": "feedback", **body})
        return _error(404, f"unknown path: {method} /v1/{path}", "unknown_url")

    def _chat(self, body: dict[str, Any]) -> Response:
        self.asked.append(body)
        question = body["messages"][-1]["content"]
        limits = body["overlay"].get("budget", {})
        if question.startswith("refuse"):
            return _error(400, "the prompt has 65 tokens; ask for less", "context_full")
        budget = Budget(limits.get("step", 0.6), limits.get("answer", 2.0))
        mode = "plain" if body["model"] == "overlay:plain" else "overlay"
        events = self._events(question, budget, tell(question, budget, mode=mode))
        return StreamingResponse(events, media_type="text/event-stream")

    async def _events(self, question: str, budget: Budget, told: Told) -> AsyncIterator[str]:
        yield ": ping\n\n"
        if told.report["mode"] == "overlay":
            for step in step_events(budget):
                yield _chunk({}, overlay={"step": step})
        first, _, rest = told.text.partition(" ")
        yield _chunk({"content": first})
        if question.startswith("break"):
            yield f"data: {json.dumps(_error_body('the model failed', 'internal_error'))}\n\n"
            return
        if question.startswith("hold"):
            until = time.monotonic() + _PATIENCE
            while not self.release.is_set() and time.monotonic() < until:
                await asyncio.sleep(0.01)
        yield _chunk({"content": f" {rest}"})
        yield _chunk({}, overlay=told.report, finish_reason="stop")
        yield "data: [DONE]\n\n"

    async def _files(self, request: Request, method: str, parts: list[str]) -> Response:
        if method == "POST":
            async with request.form() as form:
                upload: Any = form["file"]
                name = f"file-{len(self.files)}"
                self.files[name] = upload.filename
            return JSONResponse(self._file(name))
        if method == "DELETE":
            return JSONResponse({"id": parts[0], "deleted": bool(self.files.pop(parts[0], None))})
        return _listed([self._file(one) for one in self.files])

    async def _stores(self, request: Request, method: str, parts: list[str]) -> Response:
        if not parts:
            if method == "POST":
                name = (await request.json())["name"]
                if name != name.lower():
                    return _error(400, f"name is {name!r}; use small letters", "invalid_request")
                self.stores[f"vs_{name}"] = {}
                return JSONResponse({"id": f"vs_{name}", "name": name})
            return _listed([{"id": one, "name": one[3:]} for one in self.stores])
        inside = self.stores[parts[0]]
        if method == "POST":
            file = (await request.json())["file_id"]
            inside[file] = "in_progress"
            return JSONResponse(self._inside(file, "in_progress"))
        if len(parts) == 2:
            return _listed([self._inside(one, status) for one, status in inside.items()])
        if parts[2] not in inside:
            return _error(404, "there is no such file here", "not_found")
        if method == "DELETE":
            del inside[parts[2]]
            return JSONResponse({"id": parts[2], "deleted": True})
        # It is read between two looks.
        bad = self.files[parts[2]].endswith(".bad")
        inside[parts[2]] = "failed" if bad else "completed"
        return JSONResponse(self._inside(parts[2], inside[parts[2]]))

    def _file(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "file", "filename": self.files[name]}

    @staticmethod
    def _inside(name: str, status: str) -> dict[str, Any]:
        error = {"code": "unsupported_file", "message": "no format that is read here"}
        failed = error if status == "failed" else None
        return {"id": name, "status": status, "last_error": failed}


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
                "start": begin,
                "end": stop,
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
    return f"data: {json.dumps({'id': 'chatcmpl-1', 'choices': [choice], **more})}\n\n"


def _listed(data: list[dict[str, Any]]) -> Response:
    return JSONResponse({"object": "list", "data": data, "has_more": False})


def _error_body(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": code}}


def _error(status: int, message: str, code: str) -> Response:
    return JSONResponse(_error_body(message, code), status)


@contextmanager
def running(backend: Backend) -> Iterator[str]:
    """Serve a backend with the page; yields the address."""
    app = FastAPI()
    install_page(app)
    for path in ("/health", "/v1/{path:path}"):
        app.add_api_route(path, backend.reply, methods=["GET", "POST", "DELETE"])
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(_PATIENCE)
        assert not thread.is_alive()
