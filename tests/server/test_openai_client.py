"""The real OpenAI client against the running server."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from tests.server.fakes import MODEL, WORDS, FakeEngine


@pytest.fixture(scope="module")
def openai_client(shared_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{shared_url}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_whole_answer(openai_client: OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "hello"}]
    )
    assert completion.object == "chat.completion"
    assert completion.model == MODEL
    assert completion.choices[0].message.content == "".join(WORDS)
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 7
    assert completion.usage.completion_tokens == 3
    assert completion.usage.total_tokens == 10
    assert completion.model_extra is not None
    report = completion.model_extra["overlay"]
    assert report["mode"] == "overlay"
    assert report["outcome"] == "answered_without_context"
    assert [step["chunk"]["source"] for step in report["steps"]] == ["a.md"]


@pytest.mark.parametrize("include_usage", [True, False])
def test_streamed_answer(openai_client: OpenAI, *, include_usage: bool) -> None:
    with openai_client.chat.completions.create(
        model="overlay",
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": include_usage},
    ) as stream:
        chunks = list(stream)
    counts = chunks.pop() if include_usage else None
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", *WORDS, None]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 4 + ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].model_extra is not None
    assert chunks[-1].model_extra["overlay"]["outcome"] == "answered_without_context"
    if counts is not None:
        assert (counts.id, counts.choices) == (chunks[0].id, [])
        assert counts.usage is not None
        assert counts.usage.total_tokens == 10


def test_request_reaches_the_engine(openai_client: OpenAI, shared_engine: FakeEngine) -> None:
    openai_client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": "b"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}],
            },
        ],
        max_tokens=5,
        max_completion_tokens=6,
        temperature=1,
        top_p=0.5,
        seed=-1,
        stop="END",
        frequency_penalty=0.5,
        n=1,
        response_format={"type": "text"},
        extra_body={"overlay": {"enabled": False, "k": 3, "budget": {"step": 0.25}}},
    )
    messages, options = shared_engine.asked[-1]
    assert [(message.role, message.content) for message in messages] == [
        ("system", "Be brief."),
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c\nd"),
    ]
    assert (options.max_tokens, options.temperature, options.top_p) == (6, 1.0, 0.5)
    assert (options.seed, options.stop) == (-1, ("END",))
    assert (options.mode, options.k) == ("plain", 3)
    assert options.budget is not None
    assert (options.budget.step, options.budget.answer) == (0.25, 2.0)


def test_what_is_left_out_is_left_to_the_settings(
    openai_client: OpenAI, shared_engine: FakeEngine
) -> None:
    openai_client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "hello"}],
        temperature=None,
        extra_body={"overlay": {"retrieval": False}},
    )
    _, options = shared_engine.asked[-1]
    assert options.mode == "none"
    assert {options.k, options.budget, options.max_tokens, options.temperature} == {None}
    assert {options.top_p, options.seed} == {None}
    assert options.stop == ()


def test_models(openai_client: OpenAI) -> None:
    names = [MODEL, "overlay", "overlay:plain", "overlay:off"]
    assert [model.id for model in openai_client.models.list()] == names
    assert [openai_client.models.retrieve(name).id for name in names] == names
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("gpt-5")


def test_errors_become_the_clients_own(openai_client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        openai_client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "hello"}]
        )
    assert unknown.value.code == "model_not_found"
    assert unknown.value.param == "model"
    with pytest.raises(openai.BadRequestError) as failed:
        openai_client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "fail early"}], stream=True
        )
    assert failed.value.param == "messages"
    assert "the prompt has 65 tokens (ask for less)" in failed.value.message


@pytest.mark.parametrize(
    ("question", "message"), [("fail late", "65 tokens"), ("break late", "server's log")]
)
def test_error_inside_a_stream(openai_client: OpenAI, question: str, message: str) -> None:
    stream = openai_client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": question}], stream=True
    )
    assert next(stream).choices[0].delta.role == "assistant"
    assert next(stream).choices[0].delta.content == WORDS[0]
    with pytest.raises(openai.APIError, match=message):
        next(stream)
