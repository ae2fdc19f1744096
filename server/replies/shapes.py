"""The forms of replies, for the schema in ``/openapi.json``; what is sent is built elsewhere."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Answered",
    "ChatChoice",
    "ChatCompletion",
    "Embedding",
    "Embeddings",
    "Feedback",
    "Message",
    "ModelCard",
    "ModelCards",
    "PassageSupport",
    "Probe",
    "ResponseObject",
    "ResponseUsage",
    "SentenceSupport",
    "Stability",
    "TextChoice",
    "TextCompletion",
    "Usage",
    "answered",
]

_EVENT = {
    "type": "object",
    "properties": {"data": {"type": "string"}, "event": {"type": "string"}},
    "required": ["data"],
}
_REPORT = Field(description="the stability report")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Usage(_Shape):
    """Token counts."""

    prompt_tokens: int
    total_tokens: int


class Answered(_Shape):
    """What every answer has."""

    id: str
    created: int
    model: str
    usage: Usage


class Message(_Shape):
    """What the model said."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None


class ChatChoice(_Shape):
    """One answer."""

    index: int
    message: Message
    logprobs: dict[str, Any] | None
    finish_reason: Literal["stop", "length"]


class ChatCompletion(Answered):
    """The reply to a chat that is not streamed."""

    object: Literal["chat.completion"]
    choices: list[ChatChoice] = Field(min_length=1)
    overlay: dict[str, Any] = _REPORT


class TextChoice(_Shape):
    """One continuation."""

    index: int
    text: str
    logprobs: dict[str, Any] | None
    finish_reason: Literal["stop", "length"]
    overlay: dict[str, Any] = _REPORT


class TextCompletion(Answered):
    """The reply to a text that is not streamed."""

    object: Literal["text_completion"]
    choices: list[TextChoice] = Field(min_length=1)


class ResponseUsage(_Shape):
    """Token counts, as responses have them."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ResponseObject(_Shape):
    """The reply to ``/v1/responses`` that is not streamed."""

    id: str
    object: Literal["response"]
    created_at: int
    model: str
    status: Literal["completed", "incomplete"]
    output: list[dict[str, Any]] = Field(min_length=1)
    usage: ResponseUsage
    overlay: dict[str, Any] = _REPORT


class Embedding(_Shape):
    """One vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Embeddings(_Shape):
    """The vectors of texts, in their order."""

    object: Literal["list"]
    model: str
    data: list[Embedding]
    usage: Usage


class ModelCard(_Shape):
    """A name that the served model goes by."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelCards(_Shape):
    """All names that the served model goes by."""

    object: Literal["list"]
    data: list[ModelCard]


class Stability(_Shape):
    """Passages with a verdict each."""

    object: Literal["stability"]
    model: str
    budget: dict[str, float]
    spent: float
    accepted: list[str]
    steps: list[dict[str, Any]]
    cost: dict[str, int]


class SentenceSupport(_Shape):
    """A sentence of the answer, and what each passage adds to it, nats a token."""

    text: str
    support: list[float]


class PassageSupport(_Shape):
    """A passage, and what it adds to the whole answer, nats a token."""

    id: str
    support: float
    tokens: list[dict[str, Any]] | None


class Probe(_Shape):
    """Which passages made an answer likelier."""

    object: Literal["probe"]
    model: str
    answer: str
    sentences: list[SentenceSupport]
    passages: list[PassageSupport]
    unavailable: dict[str, str]


class Feedback(_Shape):
    """A rating that was kept."""

    object: Literal["feedback"]
    id: str
    rating: Literal["up", "down"]


def answered(shape: type[BaseModel], *, streams: bool = False) -> dict[int | str, dict[str, Any]]:
    """What a route says of its replies.

    Args:
        streams: whether it can be asked for server-sent events in place of JSON.
    """
    events = {"text/event-stream": {"schema": _EVENT}} if streams else {}
    return {200: {"model": shape, "content": events}}
