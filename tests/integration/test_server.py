"""The real OpenAI client against ``overlay serve`` with the real model and real documents."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from tests.integration.command import overlay_here

pytestmark = pytest.mark.real_model

QUESTION = "At what time does the ferry leave?"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("served")
    (root / "docs").mkdir()
    (root / "docs" / "ferry.md").write_text("The ferry leaves at 06:40 every morning.\n")
    (root / "docs" / "quay.md").write_text("Be at the quay by 06:30: the ferry leaves at 06:40.\n")
    (root / "docs" / "soup.md").write_text("Soup is served from noon. The bread is from Vardle.\n")
    run = [sys.executable, "-m", "overlay"]
    (root / "huts").mkdir()
    (root / "huts" / "hut.md").write_text("The hut at Vardle has six bunks.\n")
    assert overlay_here("ingest", "docs", cwd=root).returncode == 0
    assert overlay_here("ingest", "huts", "--collection", "huts", cwd=root).returncode == 0
    with subprocess.Popen(
        [*run, "serve", "--port", "0"], cwd=root, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = next(text for text in process.stderr if "listens on" in text)
        url = re.search(r"http://\S+", line)
        assert url
        wait_until_ready(url[0])
        yield url[0]
        process.terminate()
        assert process.wait(timeout=20) is not None


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while httpx.get(f"{url}/health").status_code != 200:
        assert time.monotonic() < deadline, "the server did not become ready"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as opened:
        yield opened


def test_a_whole_answer(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="overlay", messages=[{"role": "user", "content": QUESTION}], max_tokens=16
    )
    assert completion.choices[0].message.content
    assert completion.usage is not None
    assert completion.usage.completion_tokens <= 16
    assert completion.model_extra is not None
    report = completion.model_extra["overlay"]
    assert report["outcome"] == "answered"
    assert {step["chunk"]["source"] for step in report["steps"]} >= {"ferry.md", "quay.md"}
    assert all(step["reason"] for step in report["steps"])
    assert report["cost"]["evaluated_tokens"] > completion.usage.total_tokens


def test_a_streamed_answer(client: OpenAI) -> None:
    with client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=16,
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        *chunks, counts = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    whole = client.chat.completions.create(
        model="overlay", messages=[{"role": "user", "content": QUESTION}], max_tokens=16
    )
    assert text == whole.choices[0].message.content
    assert len(chunks) > 3
    assert counts.usage is not None
    assert counts.usage.completion_tokens > 0
    assert chunks[-1].model_extra is not None
    assert chunks[-1].model_extra["overlay"]["steps"]


def test_a_request_sets_budget_and_k(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": QUESTION}],
        extra_body={"overlay": {"k": 2, "budget": {"step": 0.0}}},
    )
    assert completion.model_extra is not None
    report = completion.model_extra["overlay"]
    assert len(report["steps"]) == 2
    assert not any(step["accepted"] for step in report["steps"])
    assert report["budget"]["step"] == 0.0


def test_a_request_chooses_a_collection(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=8,
        extra_body={"overlay": {"collection": "huts"}},
    )
    assert completion.model_extra is not None
    steps = completion.model_extra["overlay"]["steps"]
    assert [step["chunk"]["source"] for step in steps] == ["hut.md"]


def test_earlier_messages_are_searched_for_too(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="overlay",
        messages=[
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "At 06:40."},
            {"role": "user", "content": "And when must I be there?"},
        ],
        max_tokens=8,
    )
    assert completion.model_extra is not None
    assert completion.model_extra["overlay"]["searched_for"] == [
        f"{QUESTION} And when must I be there?",
        f"{QUESTION} At 06:40. And when must I be there?",
    ]


@pytest.mark.parametrize(("switch", "mode"), [("enabled", "plain"), ("retrieval", "none")])
def test_a_request_turns_parts_off(client: OpenAI, switch: str, mode: str) -> None:
    completion = client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=8,
        extra_body={"overlay": {switch: False}},
    )
    assert completion.model_extra is not None
    assert completion.model_extra["overlay"]["mode"] == mode


def test_the_models_list_names_the_loaded_model(client: OpenAI) -> None:
    assert next(iter(client.models.list())).id == "SmolLM2-135M-Instruct.Q4_1"


FERRY = "The ferry leaves at 06:40 every morning."
SOUP = "Soup is served from noon. The bread is from Vardle."


def test_passages_are_judged_without_an_answer(address: str) -> None:
    passages = [{"id": "soup", "text": SOUP}, FERRY]
    body = {"question": QUESTION, "passages": passages, "budget": {"step": 0.6}}
    found = httpx.post(f"{address}/v1/stability", json=body, timeout=60).json()
    assert found["accepted"] == ["1"]
    volatilities = {step["id"]: step["volatility"] for step in found["steps"]}
    assert volatilities["1"] < volatilities["soup"]
    assert found["cost"]["decoded"] == 0


def test_a_sentence_is_likelier_by_the_passage_that_says_so(address: str) -> None:
    body = {"question": QUESTION, "passages": [SOUP, FERRY], "tokens": True}
    body["answer"] = "The ferry leaves at 06:40. Soup is served from noon."
    found = httpx.post(f"{address}/v1/probe", json=body, timeout=60).json()
    ferry, soup = (sentence["support"] for sentence in found["sentences"])
    assert ferry[1] > ferry[0]
    assert soup[0] > soup[1]
    tokens = found["passages"][1]["tokens"]
    assert "".join(token["text"] for token in tokens).strip() == FERRY
    influence = {token["text"]: token["influence"] for token in tokens}
    assert influence["4"] > influence[" every"]


def test_an_answer_keeps_to_a_schema(client: OpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"hour": {"type": "integer"}},
        "required": ["hour"],
    }
    completion = client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": QUESTION}],
        response_format={"type": "json_schema", "json_schema": {"name": "t", "schema": schema}},
    )
    choice = completion.choices[0]
    assert choice.finish_reason == "stop"
    assert isinstance(json.loads(choice.message.content or "")["hour"], int)


def test_embeddings_tell_what_is_alike(client: OpenAI) -> None:
    found = client.embeddings.create(model="overlay", input=[QUESTION, FERRY, SOUP])
    question, ferry, soup = (one.embedding for one in found.data)
    assert len(question) == 384
    assert dot(question, ferry) > dot(question, soup)


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages"),
        ({"overlay": {"budget": {"step": -1}}}, "overlay.budget.step"),
        ({"overlay": {"buget": {}}}, "overlay.buget"),
        ({"overlay": {"collection": "nowhere"}}, "overlay.collection"),
        ({"overlay": {"source": ["nowhere/"]}}, "overlay.source"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "user", "content": "why " * 6000}]}, "messages"),
    ],
)
def test_wrong_requests_name_the_field(address: str, body: dict[str, object], param: str) -> None:
    whole = {"model": "overlay", "messages": [{"role": "user", "content": "hi"}]} | body
    reply = httpx.post(f"{address}/v1/chat/completions", json=whole, timeout=60)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["param"] == param
    assert error["message"]


def test_a_question_longer_than_the_context_has_openais_code(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="overlay", messages=[{"role": "user", "content": "why " * 6000}]
        )
    assert caught.value.code == "context_length_exceeded"


def test_malformed_json_is_a_400(address: str) -> None:
    reply = httpx.post(
        f"{address}/v1/chat/completions",
        content=b'{"messages": [',
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 400
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


def test_a_port_in_use_is_an_error(address: str, tmp_path: Path) -> None:
    port = address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "overlay", "serve", "--port", port],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert port in done.stderr
    assert "Hint:" in done.stderr
