"""What requests for an answer have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from overlay.options import AskOptions, Mode
from retriever import Filter
from selector.budget import Budget
from server.bodies.base import Body, Integer, Text, as_list, only
from server.bodies.overlay_fields import BudgetFields, OverlayFields
from server.served import ALIASES

__all__ = ["AnswerRequest"]


class AnswerRequest(Body):
    """What requests for an answer have in common."""

    model: Annotated[
        str, Field(description=f"the served model's id, or an alias: {', '.join(ALIASES)}")
    ]
    max_tokens: Annotated[Integer | None, Field(description="longest answer, in tokens")] = None
    temperature: Annotated[
        float | None, Field(description="0 to 2; 0 always takes the likeliest token")
    ] = None
    top_p: Annotated[float | None, Field(description="0 to 1: nucleus sampling")] = None
    seed: Annotated[Integer | None, Field(description="makes sampling repeatable")] = None
    stop: Annotated[
        Annotated[list[Text], Field(max_length=4)] | None,
        BeforeValidator(as_list, json_schema_input_type=str | list[str] | None),
        Field(description="texts that end the answer, up to 4"),
    ] = None
    overlay: Annotated[
        OverlayFields | None, Field(description="what this request wants of the overlay")
    ] = None

    n: Annotated[Integer | None, only(1, otherwise="only 1 is supported")] = None
    logit_bias: Annotated[Any, only({})] = None

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
            budget=_complete(wish.budget, default),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(self.stop or ()),
        )


def _complete(budget: BudgetFields | None, default: Budget) -> Budget | None:
    if budget is None:
        return None
    return default.with_limits(budget.step, budget.answer)
