"""The protocol as it goes over the wire: framing, statuses, error bodies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.server.fakes import MODEL, WORDS, chat

CHAT = "/v1/chat/completions"


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Check that a response holds an error and nothing else, and return it."""
    body: dict[str, dict[str, Any]] = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    return body["error"]


def test_health(client: httpx.Client) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "model": MODEL,
        "backend": "fake",
        "device": "cpu",
        "context_size": 64,
        "running": 0,
        "waiting": 0,
    }


def test_stream_framing(client: httpx.Client) -> None:
    response = client.post(CHAT, json=chat(stream=True, stream_options={"include_usage": True}))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.text.endswith("\n\n")
    events = response.text.removesuffix("\n\n").split("\n\n")
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len(chunks) == len(WORDS) + 3
    assert chunks[-2]["overlay"]["mode"] == "overlay"
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 10


def test_stream_without_usage(client: httpx.Client) -> None:
    response = client.post(CHAT, json=chat(stream=True))
    assert "usage" not in response.text
    assert '"overlay": {' in response.text


@pytest.mark.parametrize("question", ["fail late", "break late"])
def test_stream_ends_with_its_error(client: httpx.Client, question: str) -> None:
    response = client.post(CHAT, json=chat(question, stream=True))
    assert response.status_code == 200
    *_, last = response.text.removesuffix("\n\n").split("\n\n")
    assert last.startswith('data: {"error": {"message": ')
    assert "secret detail" not in response.text
    assert "[DONE]" not in response.text


@pytest.mark.parametrize("stream", [True, False])
def test_error_before_the_first_word_has_its_own_status(
    client: httpx.Client, *, stream: bool
) -> None:
    response = client.post(CHAT, json=chat("fail early", stream=stream))
    assert response.status_code == 400
    assert error_of(response) == {
        "message": "the prompt has 65 tokens (ask for less)",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "invalid_input",
    }


def test_defect_is_a_500_that_keeps_its_details(client: httpx.Client) -> None:
    response = client.post(CHAT, json=chat("break early"))
    assert response.status_code == 500
    assert error_of(response)["type"] == "server_error"
    assert "secret detail" not in response.text


USER = {"role": "user", "content": "hello"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:"}}


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": None}, "messages", "messages is null"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}]}, "messages", "last message"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages", "last message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role", '"robot"'),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages", "last message"),
        ({"messages": [{"role": "user"}]}, "messages", "some text"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages", "some text"),
        ({"messages": [{"role": "user", "content": []}]}, "messages", "some text"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content", "is 5: "),
        (
            {"messages": [{"role": "user", "content": [PICTURE]}]},
            "messages.0.content.0.type",
            '"image_url": only text is understood here',
        ),
        ({"messages": ["hi"]}, "messages.0", '"hi"'),
        (
            {"messages": [{"role": "user", "content": "\ud800"}]},
            "messages.0.content.0.text",
            "surrogate",
        ),
        ({"stop": "\ud800"}, "stop.0", "surrogate"),
        ({"overlay": {"\ud800": 1}}, "overlay", "unicode string"),
        ({"model": None}, "model", "model is null"),
        ({"temperature": "0.5"}, "temperature", 'temperature is "0.5": '),
        ({"temperature": 2.5}, "temperature", "between 0 and 2"),
        ({"top_p": -1}, "top_p", "above 0, up to 1"),
        ({"max_tokens": 0}, "max_tokens", "max_tokens is 0"),
        ({"max_tokens": 1.5}, "max_tokens", "max_tokens is 1.5: "),
        ({"max_tokens": True}, "max_tokens", "max_tokens is true: "),
        ({"max_tokens": 10**400}, "max_tokens", "less than or equal"),
        ({"max_completion_tokens": -3}, "max_completion_tokens", "-3"),
        ({"stop": list("abcde") * 13}, "stop", "at most 64"),
        ({"stop": [""]}, "stop", "stop text is empty"),
        ({"stop": 5}, "stop", "stop is 5: "),
        ({"stream": "yes"}, "stream", 'stream is "yes": '),
        ({"n": 0}, "n", "n is 0: "),
        ({"n": 17}, "n", "less than or equal to 16"),
        ({"tools": [{"type": "function"}]}, "tools", "tools is a list of 1: the served model is"),
        ({"functions": [{}]}, "functions", "given no tools"),
        ({"logprobs": 1}, "logprobs", "boolean"),
        ({"top_logprobs": 2}, "top_logprobs", "set logprobs to true"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "less than or equal to 20"),
        ({"response_format": "json"}, "response_format", '"json"'),
        ({"overlay": {"k": 0}}, "overlay.k", "k is 0"),
        ({"overlay": {"source": ["a", " "]}}, "overlay.source", "source is blank"),
        ({"overlay": {"window": 9}}, "overlay.window", "window is 9"),
        ({"overlay": {"since": "May"}}, "overlay.since", "since is 'May'"),
        ({"overlay": {"until": "2024-13-01"}}, "overlay.until", "until is '2024-13-01'"),
        ({"overlay": {"until": 2024}}, "overlay.until", "until is 2024"),
        ({"overlay": {"bugdet": 1}}, "overlay.bugdet", "overlay.bugdet is not a known field"),
        ({"overlay": {"budget": {"steps": 1}}}, "overlay.budget.steps", "not a known field"),
        ({"overlay": {"budget": {"step": -1}}}, "overlay.budget.step", "budget.step is -1"),
        ({"overlay": {"budget": {"answer": float("inf")}}}, "overlay.budget.answer", "finite"),
        ({"overlay": {"enabled": "no"}}, "overlay.enabled", "boolean"),
        ({"overlay": "on"}, "overlay", '"on"'),
    ],
)
def test_unusable_fields_are_named(
    client: httpx.Client, fields: dict[str, object], param: str, message: str
) -> None:
    # json.dumps, unlike httpx, writes what is no JSON: Infinity and half surrogate pairs.
    response = client.post(
        CHAT, content=json.dumps(chat() | fields), headers={"Content-Type": "application/json"}
    )
    error = error_of(response)
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert message in error["message"]


def test_harmless_fields_are_ignored(client: httpx.Client) -> None:
    harmless: dict[str, object] = {
        "frequency_penalty": 1.5,
        "presence_penalty": 0,
        "user": "me",
        "metadata": {},
        "tools": [],
        "logprobs": False,
        "top_logprobs": None,
        "response_format": {"type": "text"},
        "overlay": None,
        "stream": None,
        "unheard_of": [1],
    }
    assert client.post(CHAT, json=chat() | harmless).status_code == 200


def test_huge_values_are_shortened(client: httpx.Client) -> None:
    error = error_of(client.post(CHAT, json=chat(temperature="9" * 100_000, stop={"a": "b" * 999})))
    assert len(error["message"]) < 400
    assert "100000 characters" in error["message"]


def test_many_problems_are_counted(client: httpx.Client) -> None:
    response = client.post(CHAT, json={"messages": [{"role": i, "content": i} for i in range(5)]})
    assert error_of(response)["message"].endswith("; and 8 more")


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b'{"model": ', "application/json", "the body is not JSON: "),
        (b"\xff\xfe\xfa", "application/json", "body"),
        (b"[" * 100_000, "application/json", "body"),
        (b"[]", "application/json", "not a JSON object"),
        (b"", "application/json", "not a JSON object"),
        (b"{}", "text/plain", "Content-Type: application/json"),
    ],
)
def test_malformed_bodies(
    client: httpx.Client, content: bytes, content_type: str, message: str
) -> None:
    response = client.post(CHAT, content=content, headers={"Content-Type": content_type})
    error = error_of(response)
    assert response.status_code == 400
    assert error["param"] is None
    assert message in error["message"]


def test_unknown_path_and_method(client: httpx.Client) -> None:
    unknown = client.get("/v1/images")
    assert unknown.status_code == 404
    assert error_of(unknown)["code"] == "unknown_url"
    assert "GET /v1/images" in error_of(unknown)["message"]
    wrong = client.get(CHAT)
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    assert "GET" in error_of(wrong)["message"]


def test_unknown_model(client: httpx.Client) -> None:
    response = client.post(CHAT, json=chat() | {"model": "gpt-5"})
    assert response.status_code == 404
    error = error_of(response)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert MODEL in error["message"]
    assert error_of(client.get("/v1/models/gpt-5")) == error


def test_openapi_documents_the_extension(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    fields = schema["components"]["schemas"]["OverlayFields"]["properties"]
    retrieval = {"collection", "k", "retrieval", "source", "since", "until", "window"}
    assert set(fields) == {"enabled", "select", "steps", "effects", "budget"} | retrieval
    assert all(field["description"] for field in fields.values())
    replies = schema["paths"]["/v1/chat/completions"]["post"]["responses"]
    assert "422" not in replies
