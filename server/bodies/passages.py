"""Requests about passages that the client brings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from overlay.options import AskOptions
from retriever import Chunk
from selector.budget import Budget
from server.bodies.base import Body, Text
from server.bodies.overlay_fields import BudgetFields, complete_budget

__all__ = ["ProbeRequest", "StabilityRequest"]

_LONGEST = 1_000_000  # characters; no model's context holds as many


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "some text is needed")
    return text


_Said = Annotated[Text, AfterValidator(_not_blank), Field(max_length=_LONGEST)]


class Passage(Body):
    """One passage."""

    text: _Said
    id: Annotated[
        Annotated[Text, Field(max_length=512)] | None,
        Field(description="by which the reply names it; its number from 0 if left out"),
    ] = None
    source: Annotated[Text, Field(description="of what document it is")] = ""
    title: Annotated[Text, Field(description="of the document, or of its part")] = ""


def _as_passage(passage: object) -> object:
    return {"text": passage} if isinstance(passage, str) else passage


_Passage = Annotated[Passage, BeforeValidator(_as_passage, json_schema_input_type=str | Passage)]


class _PassagesRequest(Body):
    question: Annotated[_Said, Field(description="what is asked")]


class StabilityRequest(_PassagesRequest):
    """Judge passages for a question."""

    passages: Annotated[list[_Passage], Field(min_length=1, max_length=64)]
    budget: Annotated[BudgetFields | None, Field(description="limits on volatility")] = None

    def to_chunks(self) -> list[Chunk]:
        """Return the passages in the runtime's form; each goes by its number."""
        return [
            Chunk(str(number), one.source or f"passage {number}", one.title, 0, one.text)
            for number, one in enumerate(self.passages)
        ]

    def to_options(self, default: Budget) -> AskOptions:
        """Return the options in the runtime's form.

        Raises:
            InputError: a value is out of range.
        """
        return AskOptions(budget=complete_budget(self.budget, default))

    def name(self, number: int) -> str:
        """The id that a passage goes by."""
        given = self.passages[number].id
        return str(number) if given is None else given


class ProbeRequest(_PassagesRequest):
    """Say which passages made an answer likelier."""

    passages: Annotated[list[_Passage], Field(min_length=1, max_length=24)]
    answer: Annotated[
        _Said | None, Field(description="the answer to explain; the model's own if left out")
    ] = None
    tokens: Annotated[
        bool, Field(description="mask every token of the passages, one by one; slow")
    ] = False

    def to_texts(self) -> list[tuple[str, str]]:
        """Return the passages in the runtime's form."""
        return [(one.source or str(number), one.text) for number, one in enumerate(self.passages)]
