"""What requests for an answer have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from overlay.options import AskOptions, Mode
from retriever import Filter
from selector.budget import Budget
from server.bodies.base import Body, Integer, Text, as_list, only
from server.bodies.overlay_fields import OverlayFields, complete_budget
from server.served import ALIASES

__all__ = ["AnswerRequest", "DrawnRequest"]


class AnswerRequest(Body):
    """What every request for an answer has."""

    model: Annotated[
        str, Field(description=f"the served model's id, or an alias: {', '.join(ALIASES)}")
    ]
    temperature: Annotated[
        float | None, Field(description="0 to 2; 0 always takes the likeliest token")
    ] = None
    top_p: Annotated[float | None, Field(description="0 to 1: nucleus sampling")] = None
    stream: Annotated[bool | None, Field(description="send the answer as server-sent events")] = (
        None
    )
    overlay: Annotated[
        OverlayFields | None, Field(description="what this request wants of the overlay")
    ] = None

    @property
    def mode(self) -> Mode:
        """What the field ``overlay`` asks for, or the model's alias where it says nothing."""
        if self.overlay and self.overlay.model_fields_set & {"enabled", "retrieval"}:
            return self.overlay.mode
        return ALIASES.get(self.model, Mode.OVERLAY)

    def to_options(self, default: Budget) -> AskOptions:
        """Return the options in the runtime's form.

        Raises:
            InputError: a value is out of range.
        """
        wish = self.overlay or OverlayFields()
        return AskOptions(
            mode=self.mode,
            k=wish.k,
            window=wish.window,
            collection=wish.collection,
            select=wish.select,
            only=Filter(tuple(wish.source or ()), wish.since or "", wish.until or ""),
            budget=complete_budget(wish.budget, default),
            temperature=self.temperature,
            top_p=self.top_p,
            effects=bool(self.stream) if wish.effects is None else wish.effects,
        )


class StreamOptions(Body):
    """How a stream is sent."""

    include_usage: Annotated[
        bool | None, Field(description="send token counts in a last chunk without choices")
    ] = None


class DrawnRequest(AnswerRequest):
    """What chats and completions have in common beside."""

    max_tokens: Annotated[Integer | None, Field(description="longest answer, in tokens")] = None
    seed: Annotated[Integer | None, Field(description="makes sampling repeatable")] = None
    stop: Annotated[
        Annotated[list[Text], Field(max_length=64)] | None,
        BeforeValidator(as_list, json_schema_input_type=str | list[str] | None),
        Field(description="a text that ends the answer, or up to 64 of them"),
    ] = None
    n: Annotated[
        Integer | None, Field(ge=1, le=16, description="how many answers; alike at temperature 0")
    ] = None
    stream_options: StreamOptions | None = None
    logit_bias: Annotated[Any, only({})] = None

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def longest(self) -> int | None:
        """How long an answer may be, in tokens; None for as long as the settings say."""
        return self.max_tokens

    def to_options(self, default: Budget) -> AskOptions:
        """See :meth:`AnswerRequest.to_options`."""
        return replace(
            super().to_options(default),
            max_tokens=self.longest,
            seed=self.seed,
            stop=tuple(self.stop or ()),
            n=self.n or 1,
        )
