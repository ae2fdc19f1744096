"""The body of a chat completion request."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from overlay.errors import InputError
from overlay.options import AskOptions
from probes.chat import Message
from probes.form import Form
from selector.budget import Budget
from server.bodies.answer import DrawnRequest
from server.bodies.base import Integer, only
from server.bodies.form import ResponseFormat, to_form
from server.bodies.messages import ChatMessage, ends_with_question, to_messages
from server.bodies.tools import NO_TOOLS, check_tools

__all__ = ["ChatRequest"]


class ChatRequest(DrawnRequest):
    """A chat completion request, as OpenAI's clients send it."""

    messages: Annotated[list[ChatMessage], Field(min_length=1), AfterValidator(ends_with_question)]
    max_completion_tokens: Annotated[
        Integer | None, Field(description="newer name of `max_tokens`; wins over it")
    ] = None
    response_format: Annotated[
        ResponseFormat | None, Field(description="the form of the answer: text, or JSON")
    ] = None
    logprobs: Annotated[
        bool | None, Field(description="say of each token of the answer how likely it was")
    ] = None
    top_logprobs: Annotated[
        Integer | None,
        Field(ge=0, le=20, description="with `logprobs`: so many of the likeliest tokens beside"),
    ] = None
    tool_choice: Any = None
    tools: Annotated[Any, AfterValidator(check_tools)] = None
    functions: Annotated[Any, only([], otherwise=NO_TOOLS)] = None
    audio: Annotated[Any, only()] = None

    @property
    def longest(self) -> int | None:
        """See :attr:`DrawnRequest.longest`; the newer name of ``max_tokens`` wins."""
        newer = self.max_completion_tokens
        return self.max_tokens if newer is None else newer

    @property
    def form(self) -> Form | None:
        """The form that the answer shall have.

        Raises:
            InputError: its schema is missing, or cannot be kept to.
        """
        asked = self.response_format
        if asked is None:
            return None
        named = asked.json_schema
        return to_form(asked.type, None if named is None else named.given)

    def to_messages(self) -> list[Message]:
        """Return the chat in the runtime's form."""
        return to_messages(self.messages)

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`DrawnRequest.to_options`.

        Raises:
            InputError: a value is out of range.
        """
        if self.top_logprobs is not None and not self.logprobs:
            raise InputError(
                f"top_logprobs is {self.top_logprobs}, and logprobs is not true",
                hint="set logprobs to true",
                param="top_logprobs",
            )
        try:
            options = super().to_options(default)
        except InputError as error:
            if error.param == "max_tokens" and self.max_completion_tokens is not None:
                error.param = "max_completion_tokens"
            raise
        return replace(
            options,
            form=self.form,
            top_log_probs=(self.top_logprobs or 0) if self.logprobs else None,
        )
