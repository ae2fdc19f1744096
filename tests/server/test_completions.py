"""The older endpoint: texts continued, with log-probabilities, and the aliases of the model."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest
from openai import OpenAI

from overlay.options import Mode
from tests.server.fakes import MODEL, WORDS, FakeEngine, chat

URL = "/v1/completions"
SAID = "".join(WORDS)


@pytest.fixture(scope="module")
def openai_client(shared_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{shared_url}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_a_text_is_continued(openai_client: OpenAI, shared_engine: FakeEngine) -> None:
    found = openai_client.completions.create(model=MODEL, prompt="Hello", max_tokens=3, seed=7)
    assert found.object == "text_completion"
    [choice] = found.choices
    assert (choice.text, choice.finish_reason, choice.logprobs) == (SAID, "stop", None)
    assert choice.model_extra is not None
    assert choice.model_extra["overlay"]["mode"] == "overlay"
    assert found.usage is not None
    assert found.usage.total_tokens == 10
    prompt, options = shared_engine.continued[-1]
    assert prompt == "Hello"
    assert (options.max_tokens, options.seed, options.top_log_probs) == (3, 7, None)


def test_echo_and_log_probabilities(openai_client: OpenAI) -> None:
    found = openai_client.completions.create(model=MODEL, prompt="Hello", echo=True, logprobs=1)
    [choice] = found.choices
    assert choice.text == f"Hello{SAID}"
    assert choice.logprobs is not None
    assert choice.logprobs.tokens == ["Hel", "lo", "bytes:\\xc3"]
    assert choice.logprobs.token_logprobs == [None, -0.5, -2.0]
    assert choice.logprobs.top_logprobs == [None, {"lo": -0.5}, {"a": -1.0, "bytes:\\xc3": -2.0}]
    assert choice.logprobs.text_offset == [0, 3, 5]


@pytest.mark.parametrize(
    ("prompt", "seen"),
    [
        (["one", "two"], ["one", "two"]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([[1, 2], [3]], [[1, 2], [3]]),
    ],
)
def test_every_form_of_prompt(
    client: httpx.Client, shared_engine: FakeEngine, prompt: object, seen: list[object]
) -> None:
    before = len(shared_engine.continued)
    body = client.post(URL, json={"model": "overlay", "prompt": prompt}).json()
    assert [choice["index"] for choice in body["choices"]] == list(range(len(seen)))
    assert [prompt for prompt, _ in shared_engine.continued[before:]] == seen
    assert body["usage"]["prompt_tokens"] == 7 * len(seen)


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({"model": "overlay"}, Mode.OVERLAY),
        ({"model": MODEL}, Mode.OVERLAY),
        ({"model": "overlay:plain"}, Mode.PLAIN),
        ({"model": "overlay:off"}, Mode.NO_CONTEXT),
        ({"model": "overlay:plain", "overlay": {"k": 2}}, Mode.PLAIN),
        ({"model": "overlay:plain", "overlay": {"enabled": True}}, Mode.OVERLAY),
        ({"model": "overlay:off", "overlay": {"enabled": False}}, Mode.PLAIN),
    ],
)
def test_aliases_choose_the_mode(
    client: httpx.Client, shared_engine: FakeEngine, fields: dict[str, object], mode: Mode
) -> None:
    assert client.post(URL, json={"prompt": "x", **fields}).status_code == 200
    assert shared_engine.continued[-1][1].mode is mode
    assert client.post("/v1/chat/completions", json={**chat(), **fields}).status_code == 200
    assert shared_engine.asked[-1][1].mode is mode


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": ["x"] * 65}, "prompt"),
        ({"logprobs": 21}, "logprobs"),
        ({"stream": "yes"}, "stream"),
        ({"n": 17}, "n"),
        ({"suffix": "end"}, "suffix"),
        ({"best_of": 2}, "best_of"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": "overlay:on"}, "model"),
        ({"overlay": {"k": 0}}, "overlay.k"),
    ],
)
def test_wrong_requests_name_the_field(
    client: httpx.Client, fields: dict[str, object], param: str
) -> None:
    response = client.post(URL, json={"model": "overlay", "prompt": "x", **fields})
    assert response.status_code in (400, 404, 422)
    assert response.json()["error"]["param"].startswith(param)


def test_the_openai_client_understands_the_error(openai_client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="logprobs"):
        openai_client.completions.create(model=MODEL, prompt="x", logprobs=99)
