"""LlamaIndex's OpenAI-like model against the running server."""

from __future__ import annotations

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from tests.clients.conftest import ANSWER, QUESTION

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def llm(served: str) -> OpenAILike:
    return OpenAILike(
        model="overlay:plain",
        api_base=f"{served}/v1",
        api_key="unused",
        is_chat_model=True,
        context_window=2048,
        max_retries=0,
    )


def test_chat_whole_and_streamed(llm: OpenAILike) -> None:
    asked = [ChatMessage(QUESTION)]
    said = llm.chat(asked).message.content
    assert said is not None
    assert ANSWER in said
    *_, last = llm.stream_chat(asked)
    assert last.message.content == said


def test_a_text_is_completed(llm: OpenAILike) -> None:
    bare = llm.model_copy(update={"is_chat_model": False, "model": "overlay:off"})
    whole = bare.complete("The ferry", max_tokens=4).text
    assert whole
    *_, last = bare.stream_complete("The ferry", max_tokens=4)
    assert last.text == whole
