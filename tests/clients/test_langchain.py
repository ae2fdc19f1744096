"""langchain-openai against the running server."""

from __future__ import annotations

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.clients.conftest import ANSWER, QUESTION

pytestmark = pytest.mark.real_model


class Departure(BaseModel):
    """When the ferry leaves."""

    time: str


@pytest.fixture(scope="module")
def chat(served: str) -> ChatOpenAI:
    return ChatOpenAI(
        model="overlay:plain", base_url=f"{served}/v1", api_key=SecretStr("unused"), max_retries=0
    )


def test_invoke_and_stream_say_the_same(chat: ChatOpenAI) -> None:
    reply = chat.invoke(QUESTION)
    assert ANSWER in reply.text
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] > 0
    assert "".join(chunk.text for chunk in chat.stream(QUESTION)) == reply.text


def test_a_history_with_an_empty_turn(chat: ChatOpenAI) -> None:
    history = [
        SystemMessage("Answer shortly."),
        HumanMessage("Good morning."),
        AIMessage(""),
        HumanMessage(QUESTION),
    ]
    assert chat.invoke(history).text


def test_an_answer_in_a_form(chat: ChatOpenAI) -> None:
    asked = chat.with_structured_output(Departure, method="json_schema", include_raw=True)
    found = asked.invoke(QUESTION)
    assert isinstance(found, dict)
    assert isinstance(found["parsed"], Departure), found


def test_tools_are_refused_by_name(chat: ChatOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="no tools") as caught:
        chat.with_structured_output(Departure, method="function_calling").invoke(QUESTION)
    assert caught.value.param == "tools"


def test_embeddings(served: str) -> None:
    embeddings = OpenAIEmbeddings(
        model="overlay",
        base_url=f"{served}/v1",
        api_key=SecretStr("unused"),
        check_embedding_ctx_length=False,  # otherwise it sends OpenAI's own tokens
    )
    assert len(embeddings.embed_query("ferry")) == 384
    assert [len(one) for one in embeddings.embed_documents(["ferry", "soup"])] == [384, 384]
