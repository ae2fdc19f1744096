"""HTTP as it is typed: what no client library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.server.fakes import PATIENCE


@dataclass(frozen=True)
class Raw:
    """A reply that was read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Of the error."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return str(error["code"])


def connect(url: str) -> socket.socket:
    """A connection to the server."""
    parts = urlsplit(url)
    assert parts.hostname
    return socket.create_connection((parts.hostname, parts.port or 80), PATIENCE)


def send(url: str, text: bytes) -> Raw:
    """Send bytes, and read until the server closes: `text` asks it to."""
    with connect(url) as connection:
        connection.sendall(text)
        return read(connection)


def read(connection: socket.socket) -> Raw:
    """Read until the server closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return Raw(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body)


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request that closes its connection."""
    return "\r\n".join([f"{line} HTTP/1.1", *headers, "Connection: close", "", ""]).encode() + body
