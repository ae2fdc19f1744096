"""The body of a request to continue a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, Field

from overlay.options import AskOptions
from selector.budget import Budget
from server.bodies.answer import DrawnRequest
from server.bodies.base import Integer, Text, only

__all__ = ["CompletionRequest"]

_Prompt = Text | list[Integer]


def _as_prompts(prompt: object) -> object:
    """One prompt, or a list of them: as text, or in tokens."""
    if isinstance(prompt, list) and not (prompt and all(isinstance(part, int) for part in prompt)):
        return prompt
    return [prompt]


class CompletionRequest(DrawnRequest):
    """A request to continue a text, as OpenAI's older endpoint takes it."""

    prompt: Annotated[
        list[_Prompt],
        BeforeValidator(_as_prompts, json_schema_input_type=_Prompt | list[_Prompt]),
        Field(min_length=1, max_length=64, description="text or tokens, or up to 64 of either"),
    ]
    echo: Annotated[bool | None, Field(description="give the prompt back before its end")] = None
    logprobs: Annotated[
        Integer | None,
        Field(ge=0, le=20, description="log-probabilities, and so many of the likeliest tokens"),
    ] = None
    best_of: Annotated[Integer | None, only(1, otherwise="only 1 is supported")] = None
    suffix: Annotated[str | None, only("")] = None

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`DrawnRequest.to_options`."""
        options = super().to_options(default)
        return replace(options, top_log_probs=self.logprobs, echo=bool(self.echo))
