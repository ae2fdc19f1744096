"""``GET /metrics``: how the server does, for Prometheus. No text, and no path that a client made up."""

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
        self._registry = CollectorRegistry()
        own = {"registry": self._registry, "namespace": "overlay"}
        self._requests = Counter(
            "requests", "Requests by path, method and status.", ("path", "method", "status"), **own
        )
        self._first = Histogram(
            "first_token_seconds", "From the request to the first text.", buckets=_SECONDS, **own
        )
        self._whole = Histogram(
            "answer_seconds", "From the request to its answer's end.", buckets=_SECONDS, **own
        )
        self._queued = Histogram(
            "queue_seconds", "How long answers waited.", buckets=_SECONDS, **own
        )
        self._tokens = Counter("tokens", "Tokens of prompts and of answers.", ("kind",), **own)
        self._verdicts = Counter("verdicts", "Chunks by verdict.", ("verdict",), **own)
        self._outcomes = Counter("answers", "Answers by outcome.", ("outcome",), **own)
        self._index = Histogram(
            "volatility_index", "Volatility index of answers.", buckets=_TENTHS, **own
        )
        Gauge("waiting_requests", "Requests that wait for the model.", **own).set_function(waiting)
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
