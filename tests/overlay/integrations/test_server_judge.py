"""A running server as a judge, and its errors in its own words."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from overlay.errors import BusyError, InputError, OverlayError, ResourceError
from overlay.integrations.judges import ServerJudge
from overlay.integrations.passages import Passage
from tests.server.fakes import FakeEngine, serving, wait_until_ready

PASSAGES = [Passage("The ferry leaves."), Passage("Soup.", "soup.md", "Meals")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(FakeEngine) as url:
        wait_until_ready(url)
        yield url


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_verdicts_in_the_servers_order(url: str, ending: str) -> None:
    soup, ferry = ServerJudge(url + ending).judge("When does the ferry leave?", PASSAGES)
    assert (soup.number, soup.accepted, soup.spent) == (1, False, 0)
    assert (ferry.number, ferry.accepted, ferry.spent) == (0, True, 0.1)
    assert (ferry.text, ferry.reason, ferry.volatility) == ("The ferry leaves.", "no", 0.9)
    assert ferry.facts["attention"] is None


def test_a_refusal_in_the_servers_words(url: str) -> None:
    with pytest.raises(InputError, match=r"answered 400: budget\.step is -1") as caught:
        ServerJudge(url, step=-1).judge("When?", PASSAGES)
    assert caught.value.param == "overlay.budget.step"


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that always says the same; yields its address, and the keys it was given."""
    keys: list[str] = []

    class Says(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            keys.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", keys
        finally:
            server.shutdown()
            thread.join()


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "param": None}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, _error("a key is needed"), InputError, "answered 401: a key is needed"),
        (429, _error("4 wait"), BusyError, r"answered 429: 4 wait \(try again in 7 s\)"),
        (503, _error("loading"), BusyError, "answered 503: loading"),
        (500, _error("unexpected"), ResourceError, "answered 500: unexpected"),
        (502, b"<h1>Bad gateway</h1>", ResourceError, "answered 502: <h1>Bad gateway"),
        (400, b'["no"]', InputError, "answered 400"),
        (200, b"<h1>A router</h1>", ResourceError, "does not answer as an overlay does"),
        (200, b'{"steps": [{}]}', ResourceError, "does not answer as an overlay does"),
    ],
)
def test_every_reply_that_is_no_verdict(
    status: int, body: bytes, kind: type[OverlayError], words: str
) -> None:
    with (
        answering(status, body, Retry_After="7") as (url, keys),
        pytest.raises(kind, match=words),
    ):
        ServerJudge(url, "secret").judge("When?", PASSAGES)
    assert keys == ["Bearer secret"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere", "http://[", ""])
def test_no_server(url: str) -> None:
    with pytest.raises(ResourceError, match=r"no reply from .*overlay serve") as caught:
        ServerJudge(url).judge("When?", PASSAGES)
    assert caught.value.param == "base_url"


@pytest.mark.parametrize(
    ("extra", "library"), [("langchain", "langchain_core"), ("llamaindex", "llama_index")]
)
def test_a_missing_library_names_its_extra(
    extra: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"overlay.integrations.{extra}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    parts = [name for name in sys.modules if name.startswith(f"{library}.")]
    for name in (library, *parts):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"pip install 'overlay-rag\[{extra}\]'"):
        importlib.import_module(module)
