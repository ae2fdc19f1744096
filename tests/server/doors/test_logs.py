"""What the log says, and what it must not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from overlay.door_settings import LogForm, LogLevel
from server.doors import logs
from server.doors.access import ACCESS
from server.doors.keys import fingerprint
from tests.server.doors.raw import request, send
from tests.server.fakes import WORDS, FakeEngine, chat, serving, until, wait_until_ready

CHAT = "/v1/chat/completions"
SECRET = "the-question-nobody-may-read"  # noqa: S105 - no password
KEY = "sk-overlay-of-the-log"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """Configures logging, and puts everything back afterwards."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    levels = {name: logging.getLogger(name).level for name in logs._OURS}

    def configure(form: LogForm, level: LogLevel = LogLevel.INFO) -> io.StringIO:
        written = io.StringIO()
        monkeypatch.setattr("sys.stdout", written)
        monkeypatch.setattr("sys.stderr", written)
        logs.configure_logs(form, level)
        monkeypatch.undo()
        return written

    root.handlers = []  # pytest's, which `force` would close
    yield configure
    logging.captureWarnings(capture=False)
    access = logging.getLogger(ACCESS)
    access.handlers, access.propagate = [], True
    root.handlers = handlers
    root.setLevel(level)
    for name, one in levels.items():
        logging.getLogger(name).setLevel(one)


def ask(**headers: str) -> None:
    """Ask everything that a log must keep to itself."""
    with serving(FakeEngine, api_keys=(KEY,)) as url:
        wait_until_ready(url)
        with httpx.Client(base_url=url) as client:
            sent = {"Authorization": f"Bearer {KEY}", **headers}
            assert client.post(CHAT, json=chat(SECRET), headers=sent).status_code == 200
            assert client.post(CHAT, json=chat("break early"), headers=sent).status_code == 500
            assert client.get(f"/v1/models?q={SECRET}", headers=sent).status_code == 200
            wrong = {"Authorization": f"Bearer {SECRET}"}
            assert client.get("/v1/models", headers=wrong).status_code == 401
        forged = request("GET /v1/models%0aFORGED%1b[2J", "Host: localhost")
        assert send(url, forged).status == 400


def lines_of(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_json_lines(configured: Callable[..., io.StringIO]) -> None:
    written = configured(LogForm.JSON)
    ask(**{"X-Request-Id": "mine-1"})
    lines = lines_of(written)
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    answered, broken = [
        line for line in lines if line["message"] == "request" and line["path"] == CHAT
    ]
    assert answered["request_id"] == "mine-1"
    assert (answered["method"], answered["status"], answered["key"]) == (
        "POST",
        200,
        fingerprint(KEY),
    )
    assert answered["client"] == "127.0.0.1"
    assert answered["outcome"] == "answered_without_context"
    assert (answered["tokens"], answered["accepted"], answered["rejected"]) == (3, 0, 1)
    assert answered["queue_ms"] >= 0
    assert answered["ms"] >= answered["first_token_ms"] >= 0
    assert (broken["status"], broken["error"]) == (500, "internal_error")
    [refused] = [line for line in lines if line.get("status") == 401]
    assert refused["error"] == "invalid_api_key"
    assert "key" not in refused
    [defect] = [line for line in lines if line["message"] == "a request failed"]
    assert defect["request_id"] == "mine-1"
    assert "fakes.py" in defect["traceback"]
    assert "RuntimeError" in defect["traceback"]


@pytest.mark.parametrize("form", LogForm)
def test_no_text_and_no_key_is_logged(
    configured: Callable[..., io.StringIO], form: LogForm
) -> None:
    written = configured(form)
    ask(**{"X-Request-Id": f"x {SECRET}"})
    text = written.getvalue()
    assert "request_id" in text
    for kept in (SECRET, KEY, "secret detail", "Some text.", "a.md", WORDS[0]):
        assert kept not in text


def test_debug_shows_what_an_error_says(configured: Callable[..., io.StringIO]) -> None:
    written = configured(LogForm.TEXT, LogLevel.DEBUG)
    ask()
    assert "RuntimeError: secret detail" in written.getvalue()


def test_no_line_can_be_forged(configured: Callable[..., io.StringIO]) -> None:
    written = configured(LogForm.TEXT)
    ask()
    text = written.getvalue()
    assert "\x1b" not in text
    [line] = [line for line in text.splitlines() if "FORGED" in line]
    assert "INFO server.access: request" in line
    assert "path=/v1/models\\x0aFORGED\\x1b[2J" in line
    assert "status=400" in line


def test_levels(configured: Callable[..., io.StringIO]) -> None:
    written = configured(LogForm.JSON, LogLevel.WARNING)
    logging.getLogger("server.access").info("request")
    logging.getLogger("uvicorn.error").warning("odd")
    logging.getLogger("httpx").info("somebody else's")
    assert [line["message"] for line in lines_of(written)] == ["odd"]


def test_a_failed_load_says_why(configured: Callable[..., io.StringIO]) -> None:
    written = configured(LogForm.JSON)

    def load() -> FakeEngine:
        raise RuntimeError("no such layer")

    with serving(load) as url:
        until(lambda: httpx.get(f"{url}/health").json()["status"] == "failed")
    [line] = [line for line in lines_of(written) if "could not be loaded" in line["message"]]
    assert "RuntimeError: no such layer" in line["traceback"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1.2:3_Z", True), ("", False), ("a b", False), ("x" * 129, False), ("é", False)],
)
def test_request_ids(client: httpx.Client, given: str, *, kept: bool) -> None:
    headers = [(b"x-request-id", given.encode("latin-1"))]
    found = client.get("/health", headers=headers).headers["x-request-id"]
    assert (found == given) is kept
    assert kept or found.startswith("req_")
