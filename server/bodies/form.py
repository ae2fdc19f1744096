"""The form that an answer shall have: ``response_format``, or ``text.format`` of a response."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from overlay.errors import InputError
from probes.form import Form
from server.bodies.base import Body, Text

__all__ = ["ResponseFormat", "TextFormat", "to_form"]


class JsonSchema(Body):
    """A named JSON schema."""

    given: Annotated[dict[str, Any], Field(alias="schema", description="the JSON schema")]
    name: Text | None = None
    strict: bool | None = None


class ResponseFormat(Body):
    """The form of an answer to a chat."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Annotated[
        JsonSchema | None, Field(description="with the type `json_schema`: which one")
    ] = None


class TextFormat(Body):
    """The form of a response: the schema stands beside its type."""

    type: Literal["text", "json_object", "json_schema"]
    given: Annotated[
        dict[str, Any] | None, Field(alias="schema", description="with the type `json_schema`")
    ] = None
    name: Text | None = None
    strict: bool | None = None


def to_form(kind: str, schema: dict[str, Any] | None) -> Form | None:
    """Return the form as the runtime has it; None for a plain text.

    Raises:
        InputError: the schema is missing, or cannot be kept to.
    """
    if kind == "text":
        return None
    if kind == "json_object":
        return Form.json_object()
    if schema is None:
        raise InputError(
            "the type is json_schema, and there is no schema",
            hint="send the schema, or the type json_object",
            param="response_format",
        )
    return Form.json_schema(schema)
