"""``overlay serve`` as a process, and the socket it takes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from click.testing import CliRunner

from overlay.errors import ResourceError
from overlay.settings import SettingsError, load_settings
from server.command import serve
from server.serving import bind, url_of
from tests.imports import imported
from tests.server.fakes import PATIENCE, WORDS, chat, until, wait_until_ready


@contextmanager
def running(stop_seconds: float, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process that is ready, and its address."""
    command = [sys.executable, "-m", "tests.server.fake_command", "--port", "0", *options]
    environment = os.environ | {"OVERLAY_STOP_SECONDS": str(stop_seconds)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        found = re.search(r"listens on (http://[^\s\"]+)", process.stderr.readline())
        assert found
        try:
            wait_until_ready(found[1])
            yield process, found[1]
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> int:
    """The exit code of a process that must end soon, without a traceback."""
    code = process.wait(PATIENCE)
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    return code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_answer_that_does_not_end_is_ended(number: signal.Signals) -> None:
    body = chat("endless", stream=True)
    with (
        running(0.3) as (process, url),
        httpx.stream("POST", f"{url}/v1/chat/completions", json=body) as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        started = time.monotonic()
        process.send_signal(number)
        assert "shutting down" in list(lines)[-2]
        assert ended(process) == 0
        assert 0.3 < time.monotonic() - started < 2.3


def test_a_stop_lets_an_answer_end_and_nothing_in() -> None:
    with running(PATIENCE) as (process, url), ThreadPoolExecutor(2) as pool:
        chats = f"{url}/v1/chat/completions"
        going = pool.submit(httpx.post, chats, json=chat("slow"))
        until(lambda: "waiting" in httpx.get(f"{url}/health").json())
        time.sleep(0.2)
        queued = pool.submit(httpx.post, chats, json=chat("next"))
        until(lambda: httpx.get(f"{url}/health").json()["waiting"] == 1)
        process.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(f"{url}/health").status_code == 503)
        assert httpx.get(f"{url}/health").json() == {"status": "stopping"}
        for refused in (
            queued.result(),
            httpx.post(chats, json=chat()),
            httpx.get(f"{url}/v1/models"),
        ):
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "shutting_down"
            assert int(refused.headers["retry-after"]) >= 1
        assert going.result().json()["choices"][0]["message"]["content"] == "".join(WORDS)
        assert ended(process) == 0


def test_a_second_signal_ends_at_once() -> None:
    body = chat("endless", stream=True)
    with (
        running(60) as (process, url),
        httpx.stream("POST", f"{url}/v1/chat/completions", json=body) as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        process.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(f"{url}/health").status_code == 503)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert ended(process) == 128 + signal.SIGTERM
        assert time.monotonic() - started < 2


def test_all_that_a_process_writes_is_json() -> None:
    with running(0, "--log", "json") as (process, url):
        httpx.post(f"{url}/v1/chat/completions", json=chat())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        requests = [json.loads(line) for line in process.stdout]
        lines = [json.loads(line) for line in process.stderr]
    assert "uvicorn.error" in {line["logger"] for line in lines}
    assert {line["logger"] for line in requests} == {"server.access"}
    assert [line["status"] for line in requests if line["method"] == "POST"] == [200]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - refused
def test_other_machines_are_not_served_without_keys(host: str) -> None:
    if host == "::" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    result = CliRunner().invoke(serve, ["--host", host, "--port", "0"])
    assert isinstance(result.exception, SettingsError)
    assert result.exception.param == "api_keys"
    assert "--make-key" in result.exception.hint


def test_a_key_is_made() -> None:
    first, second = (CliRunner().invoke(serve, ["--make-key"]).output.strip() for _ in range(2))
    assert first != second
    assert len(first) > 40
    settings = load_settings(api_keys=first)
    assert settings.api_keys[0].get_secret_value() == first


def test_no_option_takes_a_key() -> None:
    assert not [name for name in (param.name for param in serve.params) if name == "api_keys"]
    assert "api_keys" in CliRunner().invoke(serve, ["--help"]).output


def test_port_in_use_is_found_before_anything_is_loaded() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(serve, ["--port", str(port)])
    assert isinstance(result.exception, ResourceError)
    assert result.exception.exit_code == 3
    assert result.exception.param == "port"
    assert f"127.0.0.1:{port}" in result.exception.message
    assert "--port" in result.exception.hint


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "x" * 64 + ".invalid", "192.0.2.1", "a..b"]
)
def test_unusable_host(host: str) -> None:
    with pytest.raises(ResourceError) as error:
        bind(host, 0)
    assert error.value.param == "host"
    assert host in error.value.message


def test_url_of_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = bind("::1", 0)
    except ResourceError:
        pytest.skip("no IPv6 loopback here")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


def test_command_is_quick_to_import() -> None:
    assert not {"fastapi", "uvicorn", "overlay.runtime"} & imported("import server.command")
