"""Calls of clients that are not installed here, replayed; what they read of a reply is read so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.fakes import WORDS, FakeEngine, chat, serving, until, wait_until_ready

RECORDED = Path(__file__).parent / "recorded"
SAID = "".join(WORDS)


def _calls() -> Iterator[object]:
    for path in sorted(RECORDED.glob("*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        for call in recorded["calls"]:
            name = f"{recorded['client']}: {call['what']}"
            yield pytest.param(recorded["headers"], call, id=name)


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def client(engine: FakeEngine) -> Iterator[httpx.Client]:
    with serving(lambda: engine, queue_size=4) as url, httpx.Client(base_url=url) as client:
        wait_until_ready(url)
        yield client


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """As all of them read a stream: what is not `data:` is passed over, `[DONE]` ends it."""
    done = False
    for line in lines:
        if line.startswith("data:"):
            assert not done, "an event after the end"
            data = line.removeprefix("data:").strip()
            done = data == "[DONE]"
            if not done:
                yield json.loads(data)
    assert done


@pytest.mark.parametrize(("headers", "call"), list(_calls()))
def test_a_recorded_call(
    client: httpx.Client, headers: dict[str, str], call: dict[str, Any]
) -> None:
    body = call["body"]
    if body is None:
        listed = client.get(call["path"], headers=headers).json()
        assert [model["id"] for model in listed["data"]][1:] == [
            *("overlay", "overlay:plain", "overlay:off")
        ]
        return
    reply = client.post(call["path"], json=body, headers=headers)
    if "refused" in call:
        assert reply.status_code == 400
        assert reply.headers["content-type"] == "application/json"
        assert reply.json()["error"]["param"] == call["refused"]
        return
    assert reply.status_code == 200, reply.text
    if "input" in body:
        assert len([one["embedding"] for one in reply.json()["data"]]) == len(body["input"])
    elif body["stream"]:
        assert reply.headers["content-type"].startswith("text/event-stream")
        _check_stream(list(events(reply.iter_lines())), body)
    else:
        assert reply.json()["choices"][0]["message"]["content"] == SAID


def _check_stream(sent: list[dict[str, Any]], body: dict[str, Any]) -> None:
    usage = (body.get("stream_options") or {}).get("include_usage")
    *chunks, last = sent if usage else [*sent, {"usage": None}]
    choices = [chunk["choices"][0] for chunk in chunks]
    if "prompt" in body:
        assert "".join(choice["text"] for choice in choices) == SAID
    else:
        assert "".join(choice["delta"].get("content") or "" for choice in choices) == SAID
    assert [choice["finish_reason"] for choice in choices][-1] == "stop"
    if usage:
        assert last["usage"]["total_tokens"] == 10


def test_comments_while_it_waits_are_passed_over(client: httpx.Client, engine: FakeEngine) -> None:
    threading.Timer(0.5, engine.release.set).start()
    with client.stream("POST", "/v1/chat/completions", json=chat("hold", stream=True)) as reply:
        lines = list(reply.iter_lines())
    until(engine.release.is_set)
    assert ": ping" in lines
    said = [event["choices"][0]["delta"].get("content") or "" for event in events(lines)]
    assert "".join(said) == SAID


def test_an_error_in_a_stream_is_an_event_without_choices(client: httpx.Client) -> None:
    """Open WebUI shows `error` of an event that has no `choices`."""
    reply = client.post("/v1/chat/completions", json=chat("fail late", stream=True))
    data = [line.removeprefix("data:") for line in reply.iter_lines() if line]
    last = json.loads(data[-1])
    assert not last.get("choices")
    assert "65 tokens" in last["error"]["message"]
