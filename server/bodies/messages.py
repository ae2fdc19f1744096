"""The messages of a chat, in every form that clients send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from probes.chat import Message
from server.bodies.base import Body, Text

__all__ = ["ChatMessage", "ends_with_question", "to_messages"]


class Function(Body):
    """The function of a tool call."""

    name: Text
    arguments: Text = ""


class ToolCall(Body):
    """A call that another model made earlier in the chat."""

    function: Function


_Kind = Literal["text", "input_text", "output_text", "refusal"]


def _known(kind: object) -> object:
    if isinstance(kind, str) and kind not in get_args(_Kind):
        raise PydanticCustomError("part", "only text is understood here: send parts of type text")
    return kind


class Part(Body):
    """A piece of a message. Images, sound and files are not understood."""

    type: Annotated[_Kind, BeforeValidator(_known)]
    refusal: Text = ""
    text: Text = ""


def _as_parts(content: object) -> object:
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class ChatMessage(Body):
    """One turn of the chat."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[
        list[Part],
        BeforeValidator(_as_parts, json_schema_input_type=str | list[Part] | None),
        Field(default_factory=list),
    ]
    tool_calls: Annotated[
        list[ToolCall] | None, Field(description="of another model; the model reads them as text")
    ] = None
    name: Any = None

    @property
    def text(self) -> str:
        """What the message says, tool calls included."""
        said = [part.text or part.refusal for part in self.content]
        calls = [call.function for call in self.tool_calls or ()]
        return "\n".join([*said, *(f"{call.name}({call.arguments})" for call in calls)])

    def to_message(self) -> Message:
        """The message in the runtime's form, which knows neither developers nor tools."""
        if self.role in ("tool", "function"):
            return Message("user", f"Result of the tool:\n{self.text}")
        return Message("system" if self.role == "developer" else self.role, self.text)


def ends_with_question(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Accept a chat whose last turn, system messages aside, is the user's and says something."""
    turns = [message for message in messages if message.role not in ("system", "developer")]
    if not turns or turns[-1].role != "user":
        raise PydanticCustomError("last_role", "the last message must be the user's")
    if not turns[-1].text.strip():
        raise PydanticCustomError("empty", "the last message needs some text")
    return messages


def to_messages(messages: Sequence[ChatMessage]) -> list[Message]:
    """A chat in the runtime's form: empty turns are left out, the question comes last."""
    said = [message.to_message() for message in messages if message.text.strip()]
    systems = [message for message in said if message.role == "system"]
    return [*systems, *(message for message in said if message.role != "system")]
