"""``overlay serve`` as a process, and the socket it takes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from click.testing import CliRunner

from overlay.errors import ResourceError
from server.command import serve
from server.serving import bind, url_of
from tests.server.fakes import PATIENCE, chat, wait_until_ready


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_process_serves_and_stops(number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "tests.server.fake_command", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().removeprefix("Overlay listens on ").strip()
        wait_until_ready(url)
        body = chat("endless", stream=True)
        with httpx.stream("POST", f"{url}/v1/chat/completions", json=body) as stream:
            lines = stream.iter_lines()
            next(lines)
            started = time.monotonic()
            process.send_signal(number)
            assert "shutting down" in list(lines)[-2]
        assert process.wait(PATIENCE) == code
        assert time.monotonic() - started < 2
        assert "Traceback" not in process.stderr.read()


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
    heavy = ("fastapi", "uvicorn", "overlay.runtime")
    script = f"import sys, server.command; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
