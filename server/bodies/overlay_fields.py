"""The field ``overlay`` of a request: what it wants of the overlay."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from overlay.options import Mode
from selector.budget import Budget
from server.bodies.base import Body, Integer, Text, as_list

__all__ = ["BudgetFields", "OverlayFields", "complete_budget"]


class BudgetFields(Body):
    """How much volatility may be spent; what is left out comes from the server's settings."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[float | None, Field(description="by one step; steps spend 0 to 1 each")] = None
    answer: Annotated[float | None, Field(description="by all accepted steps of the answer")] = None


class OverlayFields(Body):
    """What this request wants of the overlay; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")

    enabled: Annotated[
        bool,
        Field(
            description="probe and judge every retrieved chunk; "
            "false puts them all into the prompt, as plain retrieval-augmented generation does"
        ),
    ] = True
    retrieval: Annotated[
        bool, Field(description="false: retrieve nothing, and answer without context")
    ] = True
    select: Annotated[
        bool,
        Field(
            description="quote the accepted sentence nearest to the question, with its source, "
            "in place of generating"
        ),
    ] = False
    steps: Annotated[
        bool, Field(description="in a stream: send each chunk's verdict when it is reached")
    ] = False
    effects: Annotated[
        bool | None,
        Field(
            description="measure what each chunk that was let in moves when it stands alone, "
            "behind the answer's last token; so it is done if left out where the answer is "
            "streamed, and not where the caller waits for all of it"
        ),
    ] = None
    k: Annotated[Integer | None, Field(description="how many chunks to retrieve")] = None
    collection: Annotated[
        Text | None,
        Field(description="of the store, to retrieve from; the server's own if left out"),
    ] = None
    window: Annotated[
        Integer | None,
        Field(description="chunks on either side that are joined to each retrieved one"),
    ] = None
    source: Annotated[
        Annotated[list[Text], Field(max_length=64)] | None,
        BeforeValidator(as_list, json_schema_input_type=str | list[str] | None),
        Field(
            description="search only documents whose name begins with one of these (`notes/`) or "
            "fits it as a pattern (`*.pdf`); a text, or up to 64"
        ),
    ] = None
    since: Annotated[
        Text | None,
        Field(
            description="search only documents of this date, YYYY-MM-DD, or later; those without a "
            "date are left out"
        ),
    ] = None
    until: Annotated[Text | None, Field(description="likewise, of this date or before")] = None
    budget: Annotated[BudgetFields | None, Field(description="limits on volatility")] = None

    @property
    def mode(self) -> Mode:
        """The mode that the two switches mean."""
        if not self.retrieval:
            return Mode.NO_CONTEXT
        return Mode.OVERLAY if self.enabled else Mode.PLAIN


def complete_budget(budget: BudgetFields | None, default: Budget) -> Budget | None:
    """A budget with what was left out of it; None where all of it was.

    Raises:
        InputError: a limit is out of range.
    """
    return None if budget is None else default.with_limits(budget.step, budget.answer)
