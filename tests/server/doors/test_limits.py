"""How much, how deep, how often and how long."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import UploadFile

from server.app import create_app
from server.doors.rates import client_of
from server.doors.values import Doors
from tests.server.doors.raw import connect, read, request, send
from tests.server.fakes import (
    FakeEngine,
    chat,
    serving,
    serving_app,
    until,
    wait_until_ready,
)

CHAT = "/v1/chat/completions"
SMALL = 2000
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    with serving(
        FakeEngine,
        queue_size=4,
        max_body=SMALL,
        max_upload=3 * SMALL,
        read_seconds=0.3,
        answer_seconds=0.4,
    ) as url:
        wait_until_ready(url)
        yield url


def chunked(size: int) -> Iterator[bytes]:
    yield from (b"x" * 100 for _ in range(size // 100))


def test_a_body_within_the_limit(small: str) -> None:
    body = json.dumps(chat()).encode().ljust(SMALL)
    headers = {"Content-Type": "application/json"}
    assert httpx.post(f"{small}{CHAT}", content=body, headers=headers).status_code == 200
    pieces = iter([body[:700], body[700:]])
    assert httpx.post(f"{small}{CHAT}", content=pieces, headers=headers).status_code == 200


def test_a_body_too_large(small: str) -> None:
    for content in (b"x" * (SMALL + 1), chunked(SMALL * 2)):
        reply = httpx.post(f"{small}{CHAT}", content=content)
        assert reply.status_code == 413
        assert reply.json()["error"]["code"] == "body_too_large"
        assert "max_body_mib" in reply.json()["error"]["message"]


def test_a_length_too_large_is_refused_before_the_body(small: str) -> None:
    with connect(small) as connection:
        connection.sendall(
            request(f"POST {CHAT}", "Host: localhost", JSON, f"Content-Length: {10**12}")
        )
        assert read(connection).status == 413


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"],
        ["Content-Length: 1, 2"],
        ["Content-Length: ten"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Transfer-Encoding: gzip"],
    ],
)
def test_what_is_no_http(shared_url: str, lines: list[str]) -> None:
    reply = send(shared_url, request(f"POST {CHAT}", "Host: localhost", *lines))
    assert (reply.status, reply.code) == (400, "invalid_http")


def test_headers_too_long(shared_url: str) -> None:
    reply = send(shared_url, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70_000)
    assert (reply.status, reply.code) == (400, "invalid_http")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"\\"":'])
@pytest.mark.parametrize("depth", [100, 990, 100_000])
def test_a_body_too_deep(client: httpx.Client, opening: bytes, depth: int) -> None:
    headers = {"Content-Type": "application/json"}
    reply = client.post(CHAT, content=opening * depth, headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "body_too_deep"


def test_brackets_in_texts_have_no_depth(client: httpx.Client) -> None:
    text = '[{"' * 500 + "\\"
    assert client.post(CHAT, json=chat(text)).status_code == 200
    assert client.post(CHAT, json=chat(metadata=[{}] * 500)).status_code == 200


def test_a_slow_body(small: str) -> None:
    with connect(small) as connection:
        connection.sendall(
            request(f"POST {CHAT}", "Host: localhost", JSON, "Content-Length: 50", body=b"{")
        )
        started = time.monotonic()
        reply = read(connection)
        assert (reply.status, reply.code) == (408, "body_too_slow")
        assert 0.2 < time.monotonic() - started < 2


@pytest.mark.parametrize("begun", [b"", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_slow_headers(small: str, begun: bytes) -> None:
    with connect(small) as connection:
        connection.sendall(begun)
        started = time.monotonic()
        for _ in range(100):
            time.sleep(0.02)
            try:
                connection.sendall(b"x" if begun else b"")
            except OSError:
                break
            if not begun or time.monotonic() - started > 0.5:
                break
        assert connection.recv(100) == b""
        assert time.monotonic() - started < 2


def test_an_answer_that_takes_too_long(small: str) -> None:
    reply = httpx.post(f"{small}{CHAT}", json=chat("endless"))
    assert reply.status_code == 504
    assert reply.json()["error"]["code"] == "answer_timeout"
    assert "answer_seconds" in reply.json()["error"]["message"]
    streamed = httpx.post(f"{small}{CHAT}", json=chat("endless", stream=True))
    assert streamed.status_code == 200
    last = streamed.text.removesuffix("\n\n").rpartition("\n\n")[2]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "answer_timeout"
    # Its place is free again.
    until(lambda: httpx.post(f"{small}{CHAT}", json=chat()).status_code == 200)


def test_too_many_requests_a_minute() -> None:
    with serving(FakeEngine, rate_limit=3, api_keys=("one", "two")) as url:
        wait_until_ready(url)
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer one"}) as client:
            assert [client.get("/v1/models").status_code for _ in range(3)] == [200] * 3
            refused = client.post(CHAT, json=chat())
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.json()["error"]["type"] == "rate_limit_error"
            assert refused.json()["error"]["code"] == "rate_limit_exceeded"
            assert client.get("/health").status_code == 200
            other = {"Authorization": "Bearer two"}
            assert client.get("/v1/models", headers=other).status_code == 200


def test_too_many_connections() -> None:
    engine = FakeEngine()
    with serving(lambda: engine, max_connections=2) as url, ThreadPoolExecutor(1) as pool:
        wait_until_ready(url)
        held = pool.submit(httpx.post, f"{url}{CHAT}", json=chat("hold"))
        until(lambda: engine.asked)
        with connect(url), connect(url):
            until(lambda: httpx.get(f"{url}/v1/models").status_code == 503)
            refused = httpx.get(f"{url}/v1/models")
            assert refused.json()["error"]["code"] == "too_many_connections"
            assert int(refused.headers["retry-after"]) >= 1
            assert httpx.get(f"{url}/health").status_code == 200
        engine.release.set()
        assert held.result().status_code == 200
        until(lambda: httpx.get(f"{url}/v1/models").status_code == 200)


@pytest.fixture(scope="module")
def uploads() -> Iterator[str]:
    """An application that reads a file to its end at the place of the real one."""
    app = create_app(FakeEngine, 1, doors=Doors(max_body=100, max_upload=SMALL, read_seconds=0.2))
    app.router.routes.clear()

    @app.post("/v1/files")
    async def _upload(file: UploadFile) -> int:
        return len(await file.read())

    with serving_app(app) as url:
        yield url


def test_an_upload_has_a_limit_of_its_own(uploads: str) -> None:
    url = f"{uploads}/v1/files"
    assert httpx.post(url, files={"file": b"x" * 1000}).text == "1000"
    whole = httpx.post(url, files={"file": b"x" * SMALL})
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    pieces = httpx.post(url, content=iter([form, b"x" * SMALL, b"\r\n--b--\r\n"]), headers=headers)
    for reply in (whole, pieces):
        assert reply.status_code == 413
        assert reply.json()["error"]["code"] == "body_too_large"
        assert "max_upload_mib" in reply.json()["error"]["message"]
    assert httpx.post(url, files={"file": b"x" * 1000}).text == "1000"


def test_a_slow_upload(uploads: str) -> None:
    kind = "Content-Type: multipart/form-data; boundary=b"
    begun = request(
        "POST /v1/files", "Host: localhost", kind, "Content-Length: 500", body=b"--b\r\n"
    )
    with connect(uploads) as connection:
        connection.sendall(begun)
        reply = read(connection)
    assert (reply.status, reply.code) == (408, "body_too_slow")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_whoever_has_many_addresses_is_one_client(one: str, other: str, *, same: bool) -> None:
    assert (client_of({"client": (one, 1)}) == client_of({"client": (other, 2)})) is same
