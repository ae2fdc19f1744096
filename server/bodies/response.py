"""The body of a request to ``/v1/responses``."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from overlay.errors import InputError
from overlay.options import AskOptions
from probes.chat import Message
from probes.form import Form
from selector.budget import Budget
from server.bodies.answer import AnswerRequest
from server.bodies.base import Body, Integer, Text, only
from server.bodies.form import TextFormat, to_form
from server.bodies.messages import ChatMessage, ends_with_question, to_messages
from server.bodies.tools import check_tools

__all__ = ["ResponseRequest"]

_STATELESS = "nothing is stored here: send the whole conversation as input"
_LOG_PROBS = "message.output_text.logprobs"


def _as_messages(given: object) -> object:
    """The items of a conversation as the messages of a chat."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        return given
    return [turn for item in given if (turn := _as_message(item)) is not None]


def _as_message(item: object) -> object:
    match item:
        case {"type": "function_call", "name": name, "arguments": arguments}:
            call = {"name": name, "arguments": arguments}
            return {"role": "assistant", "tool_calls": [{"function": call}]}
        case {"type": "function_call_output", "output": output}:
            return {"role": "tool", "content": output}
        case {"type": "reasoning"}:
            return None
    return item


class TextOptions(Body):
    """How the answer's text shall be."""

    form: Annotated[TextFormat | None, Field(alias="format")] = None


class ResponseRequest(AnswerRequest):
    """A request for a response; no earlier one is known."""

    input: Annotated[
        list[ChatMessage],
        BeforeValidator(_as_messages, json_schema_input_type=str | list[dict[str, Any]]),
        AfterValidator(ends_with_question),
        Field(min_length=1, description="a question, or the items of a conversation"),
    ]
    instructions: Annotated[Text | None, Field(description="a system message")] = None
    max_output_tokens: Annotated[Integer | None, Field(description="longest answer, in tokens")] = (
        None
    )
    include: Annotated[
        list[str] | None, Field(description=f"`{_LOG_PROBS}`, or others, which add nothing")
    ] = None
    top_logprobs: Annotated[
        Integer | None,
        Field(ge=0, le=20, description="with log-probabilities: so many of the likeliest tokens"),
    ] = None
    text: Annotated[TextOptions | None, Field(description="the form of the answer")] = None
    tool_choice: Any = None
    tools: Annotated[Any, AfterValidator(check_tools)] = None
    metadata: dict[str, Any] | None = None
    previous_response_id: Annotated[str | None, only(otherwise=_STATELESS)] = None
    conversation: Annotated[Any, only(otherwise=_STATELESS)] = None
    prompt: Annotated[Any, only(otherwise=_STATELESS)] = None
    background: Annotated[bool | None, only(False)] = None
    truncation: Literal["auto", "disabled"] | None = None

    @property
    def log_probs(self) -> bool:
        """Whether the answer says how likely its tokens were."""
        return _LOG_PROBS in (self.include or ()) or self.top_logprobs is not None

    @property
    def form(self) -> Form | None:
        """The form that the answer shall have.

        Raises:
            InputError: its schema is missing, or cannot be kept to.
        """
        asked = self.text and self.text.form
        return to_form(asked.type, asked.given) if asked else None

    def to_messages(self) -> list[Message]:
        """Return the chat in the runtime's form."""
        system = [] if not self.instructions else [Message("system", self.instructions)]
        return [*system, *to_messages(self.input)]

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`AnswerRequest.to_options`."""
        try:
            return replace(
                super().to_options(default),
                max_tokens=self.max_output_tokens,
                form=self.form,
                top_log_probs=(self.top_logprobs or 0) if self.log_probs else None,
            )
        except InputError as error:
            here = {"max_tokens": "max_output_tokens", "response_format": "text.format"}
            error.param = here.get(error.param or "", error.param)
            raise
