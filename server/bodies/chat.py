"""The body of a chat completion request."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from overlay.errors import InputError
from overlay.options import AskOptions
from probes.chat import Message
from selector.budget import Budget
from server.bodies.answer import AnswerRequest
from server.bodies.base import Body, Integer, only
from server.bodies.messages import ChatMessage

__all__ = ["ChatRequest"]


def _ends_with_user(messages: list[ChatMessage]) -> list[ChatMessage]:
    if messages[-1].role != "user":
        raise PydanticCustomError("last_role", "the last message must be the user's")
    return messages


class StreamOptions(Body):
    """How a stream is sent."""

    include_usage: Annotated[
        bool | None, Field(description="send token counts in the last chunk")
    ] = None


class ChatRequest(AnswerRequest):
    """A chat completion request, as OpenAI's clients send it."""

    messages: Annotated[list[ChatMessage], Field(min_length=1), AfterValidator(_ends_with_user)]
    stream: Annotated[bool | None, Field(description="send the answer as server-sent events")] = (
        None
    )
    stream_options: StreamOptions | None = None
    max_completion_tokens: Annotated[
        Integer | None, Field(description="newer name of `max_tokens`; wins over it")
    ] = None
    response_format: Annotated[
        Any, only({"type": "text"}, otherwise='only {"type": "text"} is supported')
    ] = None
    logprobs: Annotated[bool | None, only(False)] = None
    top_logprobs: Annotated[Integer | None, only(0)] = None
    tools: Annotated[Any, only([])] = None
    functions: Annotated[Any, only([])] = None
    audio: Annotated[Any, only()] = None

    def to_messages(self) -> list[Message]:
        """Return the chat in the runtime's form."""
        return [message.to_message() for message in self.messages]

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`AnswerRequest.to_options`; the newer name of ``max_tokens`` wins."""
        if self.max_completion_tokens is None:
            return super().to_options(default)
        newer = self.model_copy(
            update={"max_tokens": self.max_completion_tokens, "max_completion_tokens": None}
        )
        try:
            return newer.to_options(default)
        except InputError as error:
            if error.param == "max_tokens":
                error.param = "max_completion_tokens"
            raise
