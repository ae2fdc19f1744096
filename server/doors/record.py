"""What is known of the request under way: for the access line and the metrics.

No text of a question, an answer or a document is ever put here.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from starlette.types import Scope

from server.doors.answers import AnswerFacts

__all__ = ["RequestRecord", "current"]


@dataclass(slots=True)
class RequestRecord:
    """One request.

    Attributes:
        id: the client's own, or made here.
        scope: as it reached the router, which notes there what it found.
        key: the fingerprint of the API key that came with it.
        error: the code of the error that it got.
        answers: what the model did for it, in order.
    """

    id: str
    scope: Scope
    started: float = field(default_factory=time.monotonic)
    status: int | None = None
    key: str | None = None
    error: str | None = None
    answers: list[AnswerFacts] = field(default_factory=list)

    @property
    def route(self) -> str:
        """The path's template; one word for all paths that there are not."""
        route = self.scope.get("route")
        found: str = getattr(route, "path_format", "") or getattr(route, "path", "")
        return found or "none"

    @property
    def seconds(self) -> float:
        """Since the request began."""
        return time.monotonic() - self.started


current: ContextVar[RequestRecord | None] = ContextVar("request", default=None)
"""The request that this task serves."""
