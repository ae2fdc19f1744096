"""Paths in other spellings, HEAD, and the headers of every reply."""

from __future__ import annotations

import httpx
import pytest

from tests.server.doors.raw import request, send
from tests.server.fakes import WORDS, chat

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "path", ["/v1//chat/completions/", "//v1/chat/completions", "/v1/chat/completions//"]
)
def test_slashes_too_many(client: httpx.Client, path: str) -> None:
    reply = client.post(f"{str(client.base_url).rstrip('/')}{path}", json=chat())
    assert reply.status_code == 200
    assert reply.json()["choices"][0]["message"]["content"] == "".join(WORDS)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../v1/models",
        "/page/%2e%2e/v1/models",
        "/page/%2E%2E%2fv1/models",
        "/./v1/models",
        "/v1/models%00",
        "/v1/models/%0d%0aSet-Cookie:x",
        "/v1/models/..%5c..%5cx",
        "/v1/%1b[2J",
    ],
)
def test_paths_that_climb_or_hide_are_refused(shared_url: str, path: str) -> None:
    reply = send(shared_url, request(f"GET {path}", "Host: localhost"))
    assert (reply.status, reply.code) == (400, "invalid_path")
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "path", ["/%252e%252e/etc/passwd", "/v1/%ff%fe", "/v1/models%2f%2fx", "/V1"]
)
def test_other_encodings_reach_nothing(shared_url: str, path: str) -> None:
    assert send(shared_url, request(f"GET {path}", "Host: localhost")).status == 404


@pytest.mark.parametrize(
    "target", ["http://evil.example/health", "health", "*", "evil.example:443"]
)
def test_targets_that_are_no_path(shared_url: str, target: str) -> None:
    method = "CONNECT" if ":443" in target else "GET"
    reply = send(shared_url, request(f"{method} {target}", "Host: localhost"))
    assert reply.status in {400, 404, 405}
    assert reply.code


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    for path in ("/v1/models", "/health", "/metrics", "/v1/models/overlay"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        if path != "/metrics":  # it counts the request before
            assert head.headers["content-length"] == get.headers["content-length"]
    assert client.head(CHAT).status_code == 405
    assert client.head("/v1/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 200),
        ("GET", "/nowhere", 404),
        ("GET", CHAT, 405),
        ("POST", CHAT, 400),
        ("OPTIONS", CHAT, 204),
        ("GET", "/health", 200),
    ],
)
def test_every_reply_has_the_headers(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == status
    found = reply.headers
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert found["cache-control"] == "no-store"
    assert found["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in found
    assert found["x-request-id"]


def test_refusals_of_doors_and_defects_have_them_too(client: httpx.Client) -> None:
    refused = client.get("/v1/models", headers={"Host": "evil.example"})
    broken = client.post(CHAT, json=chat("break early"))
    assert (refused.status_code, broken.status_code) == (421, 500)
    for reply in (refused, broken):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-request-id"]


def test_the_page_may_run_its_own_scripts_and_no_other_path_any(client: httpx.Client) -> None:
    page = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in page
    assert "unsafe" not in page
    other = client.get("/v1/files/x/content").headers["content-security-policy"]
    assert other.startswith("default-src 'none'; sandbox")
    assert client.get("/docs").status_code == 404
