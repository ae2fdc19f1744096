"""Loading, waiting, leaving and stopping."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from overlay.errors import ResourceError
from tests.server.fakes import (
    PATIENCE,
    WORDS,
    FakeEngine,
    chat,
    serving,
    until,
    wait_until_ready,
)

CHAT = "/v1/chat/completions"


@contextmanager
def ready(engine: FakeEngine, queue_size: int = 1) -> Iterator[httpx.Client]:
    """Serve an engine; yield a client once it is loaded."""
    with serving(lambda: engine, queue_size) as url, httpx.Client(base_url=url) as client:
        wait_until_ready(url)
        yield client


def waiting(client: httpx.Client) -> int:
    count: int = client.get("/health").json()["waiting"]
    return count


def test_loading_then_ready() -> None:
    loaded = threading.Event()
    engine = FakeEngine()

    def load() -> FakeEngine:
        loaded.wait(PATIENCE)
        return engine

    with serving(load) as url, httpx.Client(base_url=url) as client:
        health = client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        refused = client.post(CHAT, json=chat())
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "model_loading"
        assert client.get("/v1/models").status_code == 503
        loaded.set()
        wait_until_ready(url)
        assert client.post(CHAT, json=chat()).status_code == 200
    assert engine.closed.is_set()


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (ResourceError("no.gguf not found", hint="check the path"), "no.gguf not found (check"),
        (RuntimeError("secret detail"), "server's log"),
    ],
)
def test_failed_load(cause: Exception, message: str) -> None:
    def load() -> FakeEngine:
        raise cause

    with serving(load) as url, httpx.Client(base_url=url) as client:
        until(lambda: client.get("/health").json()["status"] == "failed")
        for response in (client.get("/health"), client.post(CHAT, json=chat())):
            assert response.status_code == 503
            assert message in response.json()["error"]["message"]
            assert "secret detail" not in response.text


def test_full_queue() -> None:
    engine = FakeEngine()
    with ready(engine) as client, ThreadPoolExecutor(3) as pool:
        running = pool.submit(client.post, CHAT, json=chat("hold"))
        until(lambda: engine.asked)
        queued = pool.submit(client.post, CHAT, json=chat("next"))
        until(lambda: waiting(client) == 1)
        refused = client.post(CHAT, json=chat("too many", stream=True))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["type"] == "rate_limit_error"
        engine.release.set()
        assert running.result().status_code == queued.result().status_code == 200
        assert client.post(CHAT, json=chat()).status_code == 200
    assert [messages[-1].content for messages, _ in engine.asked] == ["hold", "next", "hello"]


def test_retry_after_is_the_median_of_recent_answers() -> None:
    engine = FakeEngine()
    with ready(engine, queue_size=0) as client, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, CHAT, json=chat("hold"))
        time.sleep(1.1)
        engine.release.set()
        slow.result()
        engine.release.clear()
        held = pool.submit(client.post, CHAT, json=chat("hold"))
        until(lambda: len(engine.asked) == 2)
        refused = client.post(CHAT, json=chat())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        engine.release.set()
        assert held.result().status_code == 200


def test_leaving_a_stream_frees_the_worker() -> None:
    engine = FakeEngine()
    with ready(engine, queue_size=0) as client:
        with client.stream("POST", CHAT, json=chat("endless", stream=True)) as stream:
            next(stream.iter_bytes())
        assert engine.ended.wait(PATIENCE)
        until(lambda: client.post(CHAT, json=chat()).status_code == 200)


@pytest.mark.parametrize("question", ["endless", "silent"])
def test_leaving_before_the_answer_frees_the_worker(question: str) -> None:
    engine = FakeEngine()
    with ready(engine, queue_size=0) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(CHAT, json=chat(question), timeout=0.2)
        assert engine.ended.wait(PATIENCE)
        until(lambda: client.post(CHAT, json=chat()).status_code == 200)


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_the_queue(*, stream: bool) -> None:
    engine = FakeEngine()
    with ready(engine) as client, ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.post, CHAT, json=chat("hold"))
        until(lambda: engine.asked)
        with pytest.raises(httpx.ReadTimeout):
            client.post(CHAT, json=chat("never mind", stream=stream), timeout=0.2)
        until(lambda: waiting(client) == 0)
        engine.release.set()
        assert running.result().json()["choices"][0]["message"]["content"] == "".join(WORDS)
    assert len(engine.asked) == 1


def test_failed_request_does_not_stop_the_next() -> None:
    with ready(FakeEngine()) as client:
        for question in ("break early", "fail early", "break late", "fail late"):
            assert client.post(CHAT, json=chat(question)).status_code in {400, 500}
        assert client.post(CHAT, json=chat()).status_code == 200


def test_answered_client_finds_its_place_free() -> None:
    with ready(FakeEngine(), queue_size=0) as client:
        assert {client.post(CHAT, json=chat()).status_code for _ in range(50)} == {200}


def test_stopping_ends_what_runs_and_what_waits() -> None:
    engine = FakeEngine()
    with ThreadPoolExecutor(2) as pool:
        with ready(engine) as client:
            url = client.base_url.join(CHAT)
            running = pool.submit(httpx.post, url, json=chat("endless", stream=True))
            until(lambda: engine.asked)
            queued = pool.submit(httpx.post, url, json=chat("next"))
            until(lambda: waiting(client) == 1)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert "shutting down" in running.result().text
        assert queued.result().status_code == 503
    assert engine.closed.is_set()
    assert len(engine.asked) == 1
