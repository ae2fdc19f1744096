"""DNS rebinding: by which names the server may be asked."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from overlay.settings import load_settings
from server.doors.values import LOOPBACK, Doors, is_loopback
from tests.server.doors.raw import request, send
from tests.server.fakes import FakeEngine, serving


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8321", "[::1]", "[::1]:8321"]
)
def test_names_of_this_machine(client: httpx.Client, host: str) -> None:
    assert client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8321",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "192.168.0.7",
        "[::2]",
        "localhost.",
    ],
)
def test_foreign_names_are_refused(client: httpx.Client, host: str) -> None:
    for path in ("/v1/models", "/health", "/"):
        reply = client.get(path, headers={"Host": host})
        assert reply.status_code == 421
        assert reply.json()["error"]["code"] == "host_not_allowed"
        assert "allowed_hosts" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "lines",
    [
        ["Host:"],
        ["Host: a b"],
        ["Host: localhost/../x"],
        ["Host: user@localhost"],
        ["Host: localhost:port"],
        ["Host: [::1"],
        ["Host: http://localhost"],
        ["Host: localhost", "Host: evil.example"],
        ["Host: localhost", "Host: localhost"],
        [],
    ],
)
def test_no_host_or_two_or_garbage(shared_url: str, lines: list[str]) -> None:
    reply = send(shared_url, request("GET /v1/models", *lines))
    assert reply.status == 400
    assert reply.code in {"invalid_host", "invalid_http"}


@pytest.fixture(scope="module")
def named() -> Iterator[httpx.Client]:
    hosts = (*LOOPBACK, "overlay.lan", "*.example.com")
    with (
        serving(FakeEngine, hosts=hosts, any_address=True) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("overlay.lan", True),
        ("a.example.com:80", True),
        ("example.com", False),
        ("badexample.com", False),
        ("192.168.0.7:8321", True),
        ("[fe80::1]", True),
        ("300.1.1.1", False),
    ],
)
def test_the_setting_adds_names(named: httpx.Client, host: str, *, known: bool) -> None:
    refused = named.get("/health", headers={"Host": host}).status_code == 421
    assert refused is not known


def test_names_that_settings_give() -> None:
    def hosts(host: str, *more: str) -> Doors:
        return Doors.of(load_settings(host=host, allowed_hosts=more), "machine")

    assert hosts("127.0.0.1").hosts == LOOPBACK
    assert hosts("192.168.0.7", "Chat.LAN").hosts == (*LOOPBACK, "192.168.0.7", "chat.lan")
    assert hosts("fe80::1").hosts == (*LOOPBACK, "[fe80::1]")
    everywhere = hosts("0.0.0.0")  # noqa: S104 - compared, not bound
    assert everywhere.hosts == (*LOOPBACK, "machine")
    assert everywhere.any_address
    assert not hosts("127.0.0.1").any_address


def test_loopback_addresses() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.7", "fe80::1%eth0")))  # noqa: S104
