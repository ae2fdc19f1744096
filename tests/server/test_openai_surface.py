"""What today's OpenAI clients ask for beside a plain chat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from overlay.answering.speak import ABSTENTION
from tests.server.fakes import (
    EMBEDDER,
    MODEL,
    WORDS,
    FakeEngine,
    chat,
    serving,
    until,
    wait_until_ready,
)

SAID = "".join(WORDS)
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def openai_client(shared_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{shared_url}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_the_plainest_loop_over_a_stream(openai_client: OpenAI) -> None:
    text = ""
    for chunk in openai_client.chat.completions.create(
        model="overlay", messages=[{"role": "user", "content": "hello"}], stream=True
    ):
        text += chunk.choices[0].delta.content or ""
    assert text == SAID


def test_log_probabilities_of_a_chat(openai_client: OpenAI) -> None:
    asked = openai_client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": "hello"}],
        logprobs=True,
        top_logprobs=2,
    )
    found = asked.choices[0].logprobs
    assert found is not None
    assert found.content is not None
    [token] = found.content
    assert (token.token, token.bytes, token.logprob) == ("\ufffd", [0xC3], -2.0)
    assert [(one.token, one.bytes) for one in token.top_logprobs] == [
        ("a", [97]),
        ("\ufffd", [0xC3]),
    ]


def test_streamed_log_probabilities_come_with_the_end(openai_client: OpenAI) -> None:
    *others, last = openai_client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": "hello"}],
        logprobs=True,
        stream=True,
    )
    assert all(chunk.choices[0].logprobs is None for chunk in others)
    assert last.choices[0].logprobs is not None
    assert last.choices[0].logprobs.content is not None
    assert last.choices[0].logprobs.content[0].logprob == -2.0


def test_several_answers(openai_client: OpenAI, shared_engine: FakeEngine) -> None:
    before = len(shared_engine.asked)
    found = openai_client.chat.completions.create(
        model="overlay", messages=[{"role": "user", "content": "hello"}], n=3, seed=5
    )
    assert [choice.index for choice in found.choices] == [0, 1, 2]
    assert [choice.message.content for choice in found.choices] == [SAID, "Other", "Other"]
    assert [choice.finish_reason for choice in found.choices] == ["stop", "length", "length"]
    [(_, options)] = shared_engine.asked[before:]
    assert (options.n, options.seed) == (3, 5)


def test_several_answers_are_streamed_by_their_index(openai_client: OpenAI) -> None:
    said = {0: "", 1: ""}
    ended = []
    chunks = list(
        openai_client.chat.completions.create(
            model="overlay", messages=[{"role": "user", "content": "hello"}], n=2, stream=True
        )
    )
    for chunk in chunks:
        [choice] = chunk.choices
        said[choice.index] += choice.delta.content or ""
        ended += [choice.index] if choice.finish_reason else []
    assert said == {0: SAID, 1: "Other"}
    assert ended == [0, 1]
    assert ["overlay" in (chunk.model_extra or {}) for chunk in chunks[-2:]] == [False, True]


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CHAT_FORM = {"type": "json_schema", "json_schema": {"name": "A", "schema": SCHEMA}}


def test_a_form_reaches_the_engine(client: httpx.Client, shared_engine: FakeEngine) -> None:
    body = chat(response_format=CHAT_FORM)
    assert client.post(CHAT, json=body).status_code == 200
    form = shared_engine.asked[-1][1].form
    assert form is not None
    assert json.loads(form.schema) == SCHEMA
    text = {"format": {"type": "json_schema", "name": "A", "schema": SCHEMA}}
    asked = {"model": "overlay", "input": "hello", "text": text}
    found = client.post("/v1/responses", json=asked).json()
    assert found["text"]["format"]["schema"] == SCHEMA
    assert shared_engine.asked[-1][1].form == form
    client.post(CHAT, json=chat(response_format={"type": "json_object"}))
    any_object = shared_engine.asked[-1][1].form
    assert any_object is not None
    assert any_object.schema == ""
    client.post(CHAT, json=chat(response_format={"type": "text"}))
    assert shared_engine.asked[-1][1].form is None


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"type": "json_schema"}, "there is no schema"),
        ({"type": "xml"}, "'text', 'json_object' or 'json_schema'"),
        (
            {"type": "json_schema", "json_schema": {"name": "A", "schema": {"type": "wrong"}}},
            "wrong",
        ),
    ],
)
def test_wrong_forms_are_refused(
    client: httpx.Client, form: dict[str, object], message: str
) -> None:
    response = client.post(CHAT, json=chat(response_format=form))
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"].startswith("response_format")
    assert message in error["message"]


def test_an_abstention_under_a_form_is_a_refusal(openai_client: OpenAI) -> None:
    # As plain data: the client's own types differ between its methods.
    chat: Any = openai_client.chat.completions
    asked: dict[str, Any] = {
        "model": "overlay",
        "messages": [{"role": "user", "content": "abstain"}],
    }
    message = chat.create(**asked, response_format=CHAT_FORM).choices[0].message
    assert (message.content, message.refusal) == (None, ABSTENTION)
    with chat.stream(**asked, response_format=CHAT_FORM) as stream:
        ended = stream.get_final_completion().choices[0].message
    assert (ended.content or None, ended.refusal) == (None, ABSTENTION)
    responses: Any = openai_client.responses
    text = {"format": {"type": "json_object"}}
    asked = {"model": "overlay", "input": "abstain", "text": text}
    assert responses.create(**asked).output[0].content[0].refusal == ABSTENTION
    with responses.stream(**asked) as events:
        kinds = [event.type for event in events]
    assert "response.refusal.done" in kinds
    assert "response.output_text.delta" not in kinds


def test_thoughts_are_told_apart(client: httpx.Client) -> None:
    body = client.post(CHAT, json=chat("think")).json()
    assert body["choices"][0]["message"]["content"] == SAID
    assert body["choices"][0]["message"]["reasoning_content"] == "Hm."
    assert body["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}
    text = client.post(CHAT, json=chat("think", stream=True)).text
    chunks = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [delta["reasoning_content"] for delta in deltas if "reasoning_content" in delta] == [
        "Hm."
    ]
    assert "".join(delta.get("content", "") for delta in deltas) == SAID
    asked = {"model": "overlay", "input": "think"}
    thoughts, message = client.post("/v1/responses", json=asked).json()["output"]
    assert thoughts["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert message["content"][0]["text"] == SAID


def test_a_text_is_continued_in_a_stream(openai_client: OpenAI) -> None:
    chunks = list(
        openai_client.completions.create(
            model="overlay",
            prompt=["a", "b"],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    counts = chunks.pop()
    assert counts.usage is not None
    assert (counts.choices, counts.usage.total_tokens) == ([], 20)
    said = {0: "", 1: ""}
    for chunk in chunks:
        said[chunk.choices[0].index] += chunk.choices[0].text
    assert said == {0: SAID, 1: SAID}
    last = chunks[-1].choices[0]
    assert last.finish_reason == "stop"
    assert last.model_extra is not None
    assert last.model_extra["overlay"]["mode"] == "overlay"


def test_an_echo_is_streamed_in_one_piece(openai_client: OpenAI) -> None:
    [chunk] = openai_client.completions.create(
        model="overlay", prompt="Hello", stream=True, echo=True
    )
    assert chunk.choices[0].text == f"Hello{SAID}"


def test_verdicts_are_streamed_when_they_are_reached(client: httpx.Client) -> None:
    body = chat(stream=True, overlay={"steps": True})
    lines = client.post(CHAT, json=body).text.split("\n\n")
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "overlay" not in chunks[0]
    assert chunks[1]["choices"][0]["delta"] == {}
    assert chunks[1]["overlay"]["step"]["chunk"]["source"] == "a.md"
    assert chunks[2]["choices"][0]["delta"]["content"] == WORDS[0]


def test_a_stream_that_waits_has_headers_and_a_comment() -> None:
    engine = FakeEngine()
    with serving(lambda: engine) as url, ThreadPoolExecutor(1) as pool:
        wait_until_ready(url)
        held = pool.submit(httpx.post, f"{url}{CHAT}", json=chat("hold"), timeout=10)
        until(lambda: engine.asked)
        with httpx.stream("POST", f"{url}{CHAT}", json=chat(stream=True), timeout=2) as stream:
            assert stream.status_code == 200
            assert not engine.release.is_set()
            parts = stream.iter_text()
            assert next(parts) == ": ping\n\n"
            engine.release.set()
            assert "".join(parts).endswith("data: [DONE]\n\n")
        assert held.result().status_code == 200


def test_an_error_after_the_headers_is_the_last_event() -> None:
    engine = FakeEngine()
    with serving(lambda: engine) as url, ThreadPoolExecutor(1) as pool:
        wait_until_ready(url)
        held = pool.submit(httpx.post, f"{url}{CHAT}", json=chat("hold"), timeout=10)
        until(lambda: engine.asked)
        failing = chat("fail early", stream=True)
        with httpx.stream("POST", f"{url}{CHAT}", json=failing, timeout=2) as stream:
            engine.release.set()
            text = stream.read().decode()
        assert text.startswith(": ping\n\n")
        assert '"the prompt has 65 tokens (ask for less)"' in text
        assert held.result().status_code == 200


def test_responses(openai_client: OpenAI, shared_engine: FakeEngine) -> None:
    found = openai_client.responses.create(
        model="overlay",
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "hello"},
            {"type": "function_call", "call_id": "1", "name": "now", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "12:00"},
            {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        ],
        max_output_tokens=7,
        extra_body={"overlay": {"k": 2}},
    )
    assert (found.output_text, found.status, found.model) == (SAID, "completed", MODEL)
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (7, 3)
    assert found.model_extra is not None
    assert found.model_extra["overlay"]["outcome"] == "answered_without_context"
    messages, options = shared_engine.asked[-1]
    assert [message.role for message in messages] == [
        *("system", "user", "assistant", "user", "user")
    ]
    assert (options.max_tokens, options.k) == (7, 2)


def test_streamed_responses(openai_client: OpenAI) -> None:
    with openai_client.responses.stream(model="overlay", input="hello") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * len(WORDS),
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == SAID


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": []}, "input"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "input"),
        ({"input": 5}, "input"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"background": True}, "background"),
        ({"model": "gpt-5"}, "model"),
    ],
)
def test_wrong_responses_name_the_field(
    client: httpx.Client, fields: dict[str, object], param: str
) -> None:
    response = client.post("/v1/responses", json={"model": "overlay", "input": "hello", **fields})
    assert response.status_code in (400, 404)
    assert response.json()["error"]["param"] == param


def test_embeddings(openai_client: OpenAI) -> None:
    found = openai_client.embeddings.create(model=EMBEDDER, input=["a", "bcd"])
    assert [one.embedding for one in found.data] == [[1.0, 0.5], [3.0, 0.5]]
    assert (found.model, found.usage.prompt_tokens) == (EMBEDDER, 4)
    plain = openai_client.embeddings.create(
        model="overlay", input="bcd", encoding_format="float", dimensions=2
    )
    assert plain.data[0].embedding == [3.0, 0.5]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": [1, 2]}, "tokens of another model"),
        ({"input": [[1, 2]]}, "tokens of another model"),
        ({"input": []}, "at least 1 item"),
        ({"model": "ada"}, f"this server has '{EMBEDDER}'"),
        ({"dimensions": 3}, f"{EMBEDDER} has 2"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_wrong_embeddings_say_what_to_do(
    client: httpx.Client, fields: dict[str, object], message: str
) -> None:
    response = client.post("/v1/embeddings", json={"model": "overlay", "input": "x", **fields})
    assert response.status_code in (400, 404)
    assert message in response.json()["error"]["message"]


def test_passages_are_judged(client: httpx.Client) -> None:
    body = {
        "question": "ferry times",
        "passages": ["the ferry", {"id": "b", "text": "no word", "source": "b.md"}],
        "budget": {"step": 0.25},
    }
    found = client.post("/v1/stability", json=body).json()
    assert found["object"] == "stability"
    assert found["accepted"] == ["0"]
    assert [step["id"] for step in found["steps"]] == ["b", "0"]
    assert found["steps"][0]["chunk"]["source"] == "b.md"
    assert found["budget"] == {"step": 0.25, "answer": 2.0}
    assert found["spent"] == 0.1
    assert found["cost"]["evaluated_tokens"] == 5


def test_what_passages_did_to_an_answer(client: httpx.Client) -> None:
    body = {"question": "why?", "passages": ["a", {"id": "b", "text": "c"}], "answer": "So."}
    found = client.post("/v1/probe", json=body).json()
    assert found["sentences"] == [{"text": "So.", "support": [0.0, 0.5]}]
    assert found["passages"] == [
        {"id": "0", "support": 0.0, "tokens": None},
        {"id": "b", "support": 0.5, "tokens": None},
    ]
    heated = client.post("/v1/probe", json={**body, "tokens": True}).json()
    assert heated["passages"][0]["tokens"] == [{"text": "To", "influence": 0.25}]


@pytest.mark.parametrize("path", ["/v1/stability", "/v1/probe"])
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"question": " "}, "question"),
        ({"passages": []}, "passages"),
        ({"passages": ["a", ""]}, "passages.1.text"),
        ({"passages": ["a"] * 65}, "passages"),
        ({"question": "fail early"}, "messages"),
    ],
)
def test_wrong_passages_are_named(
    client: httpx.Client, path: str, fields: dict[str, object], param: str
) -> None:
    response = client.post(path, json={"question": "q", "passages": ["a"], **fields})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_feedback_is_kept_with_its_report(client: httpx.Client, shared_store: Path) -> None:
    identity = client.post(CHAT, json=chat("hello")).json()["id"]
    body = {"id": identity, "rating": "down", "comment": "wrong\nhut"}
    assert client.post("/v1/feedback", json=body).json()["object"] == "feedback"
    *_, line = (shared_store / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["id"], kept["rating"], kept["comment"]) == (identity, "down", "wrong\nhut")
    assert (kept["question"], kept["answers"][0]["text"]) == ("hello", SAID)
    assert kept["answers"][0]["report"]["mode"] == "overlay"


def test_feedback_on_a_streamed_response(client: httpx.Client, shared_store: Path) -> None:
    text = client.post(
        "/v1/responses", json={"model": "overlay", "input": "hello", "stream": True}
    ).text
    identity = json.loads(text.split("data: ")[1].split("\n")[0])["response"]["id"]
    assert client.post("/v1/feedback", json={"id": identity, "rating": "up"}).status_code == 200
    assert identity in (shared_store / "feedback.jsonl").read_text(encoding="utf-8")


def test_feedback_on_nothing(client: httpx.Client) -> None:
    response = client.post("/v1/feedback", json={"id": "chatcmpl-0", "rating": "up"})
    assert response.status_code == 404
    assert response.json()["error"]["param"] == "id"


def test_the_clients_error_for_tools(openai_client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="given no tools"):
        openai_client.chat.completions.create(
            model="overlay",
            messages=[{"role": "user", "content": "hello"}],
            tools=[{"type": "function", "function": {"name": "now", "parameters": {}}}],
        )
