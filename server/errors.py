"""Errors of the server, and the one body that every error is sent with.

Their root is :mod:`overlay.errors`, which draws the whole tree. Those that say when to ask again
are sent with ``Retry-After``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from overlay.errors import BusyError, InputError, OverlayError, ResourceError
from server.doors.record import current

__all__ = [
    "ClosingError",
    "ErrorBody",
    "ErrorReply",
    "LoadFailedError",
    "LoadingError",
    "QueueFullError",
    "UnexpectedError",
    "UnknownModelError",
    "install_error_handlers",
]

_LONGEST_VALUE = 60
_MOST_PROBLEMS = 3
_BESIDE_OPENAI = (
    *("k", "window", "collection", "source", "since", "until"),
    *("select", "budget.step", "budget.answer"),
)


class UnknownModelError(InputError):
    """A request names a model that is not served."""

    code = "model_not_found"
    http_status = 404


class LoadingError(BusyError):
    """The model is not loaded yet."""

    code = "model_loading"
    http_status = 503
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("the model is still loading", hint="GET /health says when it is ready")


class QueueFullError(BusyError):
    """As many requests wait as may."""

    code = "queue_full"

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(
            f"one request is being answered and {waiting} wait",
            hint=f"try again in {retry_after} s, or raise the setting queue_size",
        )
        self.retry_after = retry_after


class LoadFailedError(ResourceError):
    """The model could not be loaded, so no request can be answered."""

    code = "model_load_failed"
    http_status = 503


class ClosingError(OverlayError):
    """The server stops."""

    code = "shutting_down"
    http_status = 503
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("the server is shutting down", hint="try again once it is back")


class UnexpectedError(OverlayError):
    """A defect. Whoever raises this logs the cause, which stays out of the reply."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("an unexpected error; the server's log has the details")


class ErrorDetails(BaseModel):
    """What went wrong, and where."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every error, in OpenAI's form."""

    error: ErrorDetails


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error as HTTP sends it."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Exception) -> ErrorReply:
        """Describe any error; one that was not raised on purpose keeps its words to itself."""
        match error:
            case OverlayError():
                retry_after = getattr(error, "retry_after", None)
                headers = dict(getattr(error, "headers", {}))
                if retry_after is not None:
                    headers["Retry-After"] = str(retry_after)
                param = f"overlay.{error.param}" if error.param in _BESIDE_OPENAI else error.param
                return cls(error.http_status, str(error), param, error.code, headers)
            case RequestValidationError():
                message, param = _describe_problems(error.errors())
                return cls(400, message, param, "invalid_request")
            case HTTPException():
                return cls(error.status_code, error.detail, headers=error.headers or {})
            case _:
                return cls.of(UnexpectedError())

    @property
    def body(self) -> dict[str, object]:
        """The JSON body."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        if self.status == 429:
            kind = "rate_limit_error"
        details = {"type": kind, "param": self.param, "code": self.code}
        return {"error": {"message": self.message, **details}}


def install_error_handlers(app: FastAPI) -> None:
    """Send every error of ``app`` in the one form."""
    for kind in (OverlayError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, error: Exception) -> JSONResponse:
    reply = ErrorReply.of(error)
    # These two come from the router, which says no more than "Not Found".
    if isinstance(error, HTTPException) and error.status_code == 404:
        message = f"unknown path: {request.method} {request.url.path}"
        reply = ErrorReply(404, message, code="unknown_url")
    elif isinstance(error, HTTPException) and error.status_code == 405:
        message = f"{request.url.path} does not take {request.method}"
        reply = ErrorReply(405, message, code="method_not_allowed", headers=reply.headers)
    record = current.get()
    if record is not None:
        record.error = reply.code
    return JSONResponse(reply.body, status_code=reply.status, headers=dict(reply.headers))


def _describe_problems(problems: Sequence[Any]) -> tuple[str, str | None]:
    # loc[0] says which part of the request it is, and only the body can be wrong here.
    # A client may have made the name up, so it is cut as well.
    fields = [".".join(map(str, problem["loc"][1:]))[:200] for problem in problems]
    told = [
        _describe_problem(name, problem) for name, problem in zip(fields, problems, strict=True)
    ]
    rest = len(told) - _MOST_PROBLEMS
    more = [f"and {rest} more"] if rest > 0 else []
    is_field = fields[0] and problems[0]["type"] != "json_invalid"
    return "; ".join(told[:_MOST_PROBLEMS] + more), fields[0] if is_field else None


def _describe_problem(name: str, problem: dict[str, Any]) -> str:
    kind = problem["type"]
    if kind == "json_invalid":
        return f"the body is not JSON: {problem['ctx']['error']} at character {name}"
    if not name:
        return "the body is not a JSON object sent with Content-Type: application/json"
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden":
        return f"{name} is not a known field"
    message = str(problem["msg"])
    return f"{name} is {_shorten(problem['input'])}: {message[:1].lower()}{message[1:]}"


def _shorten(value: object) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return f"{json.dumps(value[:_LONGEST_VALUE])}... ({len(value)} characters)"
    text = json.dumps(value)  # in ASCII: half a surrogate pair could not be sent
    return text if len(text) <= _LONGEST_VALUE * 6 else f"{text[:_LONGEST_VALUE]}..."
