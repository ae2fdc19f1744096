"""The body of a request for embeddings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from server.bodies.base import Body, Integer, Text

__all__ = ["EmbeddingRequest"]


def _as_texts(given: object) -> object:
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given and isinstance(given[0], int | list):
        raise PydanticCustomError(
            "tokens",
            "these are tokens of another model: send text (in langchain-openai "
            "check_embedding_ctx_length=False)",
        )
    return given


class EmbeddingRequest(Body):
    """Texts to embed."""

    model: Annotated[str, Field(description="the embedder's name, or `overlay`")]
    input: Annotated[
        list[Text],
        BeforeValidator(_as_texts, json_schema_input_type=str | list[str]),
        Field(min_length=1, max_length=2048),
    ]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[
        Integer | None, Field(description="of a vector; no other number than the embedder's")
    ] = None
    collection: Annotated[
        Text | None, Field(description="whose embedder is meant; the server's own if left out")
    ] = None
    user: Any = None
