"""``GET /metrics``: how the server does, for Prometheus. Nothing in it is a client's own words."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from server.doors.record import RequestRecord

__all__ = ["Metrics"]

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_TENTHS = tuple(number / 10 for number in range(1, 11))


class Metrics:
    """Counts and times requests and answers.

    Args:
        waiting: how many requests wait for the model now.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "overlay_requests",
            "Requests by path, method and status.",
            ("path", "method", "status"),
            registry=registry,
        )
        self._first = _seconds("first_token", "From the request to the first text.", registry)
        self._whole = _seconds("answer", "From the request to its answer's end.", registry)
        self._queued = _seconds("queue", "How long answers waited for others.", registry)
        self._tokens = Counter(
            "overlay_tokens", "Tokens of prompts and of answers.", ("kind",), registry=registry
        )
        self._verdicts = Counter(
            "overlay_verdicts", "Chunks by verdict.", ("verdict",), registry=registry
        )
        self._outcomes = Counter(
            "overlay_answers", "Answers by outcome.", ("outcome",), registry=registry
        )
        self._index = Histogram(
            "overlay_volatility_index",
            "Volatility index of answers.",
            buckets=_TENTHS,
            registry=registry,
        )
        Gauge(
            "overlay_waiting_requests", "Requests that wait for the model.", registry=registry
        ).set_function(waiting)
        self.router = APIRouter()
        self.router.add_api_route("/metrics", self._reply, include_in_schema=False)

    def note(self, request: RequestRecord) -> None:
        """Count a request that has ended, and its answers."""
        method = request.scope["method"]
        known = method if method in ("DELETE", "GET", "HEAD", "OPTIONS", "POST") else "other"
        self._requests.labels(request.route, known, str(request.status)).inc()
        for answer in request.answers:
            self._queued.observe(answer.queued)
            self._whole.observe(answer.whole)
            if answer.first is not None:
                self._first.observe(answer.first)
            if answer.index is not None:
                self._index.observe(answer.index)
            self._tokens.labels("prompt").inc(answer.prompt_tokens)
            self._tokens.labels("answer").inc(answer.tokens)
            self._verdicts.labels("accept").inc(answer.accepted)
            self._verdicts.labels("reject").inc(answer.rejected)
            self._outcomes.labels(answer.outcome).inc()

    async def _reply(self) -> Response:
        """The numbers in Prometheus's text form."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


def _seconds(name: str, text: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(f"overlay_{name}_seconds", text, buckets=_SECONDS, registry=registry)
