"""Lists as OpenAI's clients page through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from overlay.errors import InputError

__all__ = ["Page", "page_of"]

Item = dict[str, Any]


class Page(BaseModel):
    """Where a page begins, and how long it is."""

    model_config = ConfigDict(extra="ignore")

    limit: Annotated[int | None, Field(ge=1, le=10_000, description="longest page")] = None
    order: Annotated[Literal["asc", "desc"], Field(description="oldest or newest first")] = "desc"
    after: Annotated[str | None, Field(description="id of the last one of the page before")] = None
    before: Annotated[str | None, Field(description="id of the first one of the page after")] = None


def page_of(items: Sequence[tuple[int, Item]], page: Page, longest: int) -> Item:
    """A page of some items.

    Args:
        items: each with when it was created, in no order.
        longest: items of a page that asks for no length.

    Raises:
        InputError: there is no item of the id that the page begins or ends at.
    """
    ordered = sorted(items, key=lambda item: (item[0], item[1]["id"]))
    data = [item for _, item in (ordered if page.order == "asc" else reversed(ordered))]
    if page.after is not None:
        data = data[_place(data, page.after, "after") + 1 :]
    if page.before is not None:
        data = data[: _place(data, page.before, "before")]
    limit = page.limit or longest
    # A page that ends at an item holds those next to it, one that begins at an item likewise.
    shown = data[-limit:] if page.before is not None and page.after is None else data[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(shown) < len(data),
    }


def _place(data: Sequence[Item], identity: str, name: str) -> int:
    for place, item in enumerate(data):
        if item["id"] == identity:
            return place
    raise InputError(
        f"{name} is {identity[:80]!r}, and the list has no such item",
        hint="give the id of one that the list has, or leave it out",
        param=name,
    )
