"""Pages of other origins: refused, unless named."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.server.fakes import FakeEngine, chat, serving, wait_until_ready

CHAT = "/v1/chat/completions"
FRIEND = "https://chat.example"
FOREIGN = ("https://evil.example", "null", "http://localhost:1", "http://127.0.0.1.evil.example")
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-stainless-lang",
}


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_foreign_pages_are_refused(
    client: httpx.Client, shared_engine: FakeEngine, origin: str, method: str
) -> None:
    asked = len(shared_engine.asked)
    # What a browser sends without asking first.
    plain = {"Origin": origin, "Content-Type": "text/plain"}
    body = json.dumps(chat())
    reply = client.request(method, CHAT, headers=plain | PREFLIGHT, content=body)
    assert reply.status_code == 403
    assert "cors_origins" in reply.json()["error"]["message"]
    assert "access-control-allow-origin" not in reply.headers
    assert len(shared_engine.asked) == asked


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_without_origin_is_refused_too(client: httpx.Client, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    assert client.post(CHAT, json=chat(), headers=headers).status_code == 403
    # A link to the page, on another page.
    assert client.get("/v1/models", headers=headers).status_code == 200


def test_the_own_page_may_ask(client: httpx.Client) -> None:
    own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert client.post(CHAT, json=chat(), headers=own).status_code == 200
    # Behind a proxy that speaks TLS and passes the host on.
    own = {"Origin": "https://localhost", "Host": "localhost"}
    assert client.post(CHAT, json=chat(), headers=own).status_code == 200


@pytest.fixture(scope="module")
def friendly() -> Iterator[httpx.Client]:
    with (
        serving(FakeEngine, cors_origins=(FRIEND,), api_keys=("key",)) as url,
        httpx.Client(base_url=url) as client,
    ):
        wait_until_ready(url)
        yield client


def test_a_named_origin_may_ask(friendly: httpx.Client) -> None:
    asked = friendly.options(CHAT, headers={"Origin": FRIEND, **PREFLIGHT})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in asked.headers["access-control-allow-methods"]
    allowed = asked.headers["access-control-allow-headers"]
    assert {"authorization", "content-type", "x-stainless-lang"} <= set(allowed.split(", "))
    assert "access-control-allow-credentials" not in asked.headers
    sent = {"Origin": FRIEND, "Authorization": "Bearer key"}
    answered = friendly.post(CHAT, json=chat(), headers=sent)
    assert answered.status_code == 200
    assert answered.headers["access-control-allow-origin"] == FRIEND


def test_a_named_origin_can_read_errors(friendly: httpx.Client) -> None:
    refused = friendly.post(CHAT, json=chat(), headers={"Origin": FRIEND})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == FRIEND


@pytest.mark.parametrize("origin", FOREIGN)
def test_other_origins_stay_refused(friendly: httpx.Client, origin: str) -> None:
    sent = {"Origin": origin, "Authorization": "Bearer key"}
    assert friendly.post(CHAT, json=chat(), headers=sent).status_code == 403
    assert friendly.options(CHAT, headers=sent | PREFLIGHT).status_code == 403


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (CHAT, {"POST", "OPTIONS"}),
        ("/v1/models", {"GET", "HEAD", "OPTIONS"}),
        ("/v1/models/a/b", {"GET", "HEAD", "OPTIONS"}),
        ("/v1//models/", {"GET", "HEAD", "OPTIONS"}),
        ("/health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_says_what_a_path_takes(client: httpx.Client, path: str, methods: set[str]) -> None:
    reply = client.options(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert set(reply.headers["allow"].split(", ")) == methods


def test_options_of_no_path(client: httpx.Client) -> None:
    assert client.options("/v1/nowhere").status_code == 404
