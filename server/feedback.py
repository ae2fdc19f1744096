"""``/v1/feedback``: what a reader thought of an answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from pydantic import Field

from server.bodies.base import Body, Text
from server.kept_answers import KeptAnswers
from server.replies.shapes import Feedback, answered

__all__ = ["KeptOf", "router"]

router = APIRouter()


def _find_kept(request: Request) -> KeptAnswers:
    kept: KeptAnswers = request.app.state.kept
    return kept


KeptOf = Annotated[KeptAnswers, Depends(_find_kept)]
"""The remembered answers of the application that a request came to."""


class FeedbackRequest(Body):
    """A rating of one answer."""

    id: Annotated[Text, Field(description="the reply's id, `chatcmpl-...` or `resp_...`")]
    rating: Literal["up", "down"]
    comment: Annotated[Text, Field(max_length=10_000)] = ""


@router.post("/v1/feedback", responses=answered(Feedback))
def rate(body: FeedbackRequest, kept: KeptOf) -> dict[str, object]:
    """Keep a rating with the question, the answer and its report, in `feedback.jsonl`."""
    kept.rate(body.id, body.rating, body.comment)
    return {"object": "feedback", "id": body.id, "rating": body.rating}
