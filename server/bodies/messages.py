"""The messages of a chat, in every form that clients send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from probes.chat import Message
from server.bodies.base import Body, Text

__all__ = ["ChatMessage"]


class TextPart(Body):
    """A piece of a message. Images and sound are not understood."""

    type: Literal["text"]
    text: Text


def _as_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _not_empty(parts: list[TextPart]) -> list[TextPart]:
    if not any(part.text.strip() for part in parts):
        raise PydanticCustomError("empty", "a message needs some text")
    return parts


class ChatMessage(Body):
    """One turn of the chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        list[TextPart],
        BeforeValidator(_as_parts, json_schema_input_type=str | list[TextPart]),
        AfterValidator(_not_empty),
    ]

    def to_message(self) -> Message:
        """Return the message in the runtime's form."""
        role = "system" if self.role == "developer" else self.role
        return Message(role, "\n".join(part.text for part in self.content))
