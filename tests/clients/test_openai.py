"""The openai package against the running server: every way it is commonly called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.clients.conftest import ANSWER, QUESTION

pytestmark = pytest.mark.real_model

ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_a_whole_chat_and_the_plainest_loop_say_the_same(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="overlay", messages=ASKED)
    said = whole.choices[0].message.content
    assert said is not None
    assert ANSWER in said
    text = ""
    for chunk in client.chat.completions.create(model="overlay", messages=ASKED, stream=True):
        text += chunk.choices[0].delta.content or ""
    assert text == said
    assert chunk.model_extra is not None
    assert chunk.model_extra["overlay"]["outcome"] == "answered"


def test_the_clients_own_helper_for_streams(client: OpenAI) -> None:
    with client.chat.completions.stream(model="overlay:plain", messages=ASKED) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        whole = stream.get_final_completion().choices[0].message.content
    assert "".join(deltas) == whole != ""


def test_side_by_side_from_one_loop(served: str) -> None:
    async def both() -> tuple[str, str]:
        async with AsyncOpenAI(base_url=f"{served}/v1", api_key="unused", max_retries=0) as client:

            async def whole() -> str:
                reply = await client.chat.completions.create(model="overlay:plain", messages=ASKED)
                return reply.choices[0].message.content or ""

            async def streamed() -> str:
                events = await client.chat.completions.create(
                    model="overlay:plain", messages=ASKED, stream=True
                )
                return "".join([one.choices[0].delta.content or "" async for one in events])

            return await asyncio.gather(whole(), streamed())

    one, other = asyncio.run(both())
    assert one == other
    assert ANSWER in one


def test_responses_whole_and_streamed(client: OpenAI) -> None:
    whole = client.responses.create(model="overlay:plain", input=QUESTION)
    assert ANSWER in whole.output_text
    with client.responses.stream(model="overlay:plain", input=QUESTION) as stream:
        deltas = [one.delta for one in stream if one.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == whole.output_text == "".join(deltas)


def test_embeddings_and_models(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[-3:] == ["overlay", "overlay:plain", "overlay:off"]
    assert client.models.retrieve("overlay:plain").id == "overlay:plain"
    found = client.embeddings.create(model="overlay", input=["ferry", "soup"])
    assert [len(one.embedding) for one in found.data] == [384, 384]


def test_a_refusal_is_the_clients_own_error(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="gpt-4o") as caught:
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
