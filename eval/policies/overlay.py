"""The overlay itself, under a budget."""

from __future__ import annotations

from collections.abc import Sequence

from eval.policies.bench import Bench
from eval.policies.protocol import Response
from overlay.labelled.items import Passage
from overlay.settings import Fallback
from selector.order import Order

__all__ = ["OverlayPolicy"]


class OverlayPolicy:
    """Probes, judges, doses and answers as ``overlay ask`` does.

    Args:
        budget: volatility that one step may spend; the settings' by default.
        answer_budget: volatility that the whole answer may spend; likewise.
        fallback: what to do when no passage is within budget; likewise.
        profile: what judges, as the setting of this name.
        order: in which order chunks enter the context, likewise.
        halve: whether the half of a chunk may enter without an instruction beside it, likewise.
        majority: whether the majority of those within budget keeps others out, likewise.
        anchor: whether a sentence or two of them are said again beside the question, likewise.
        variants: how many are tried at most, likewise.
        retry_index: the index over which another is tried, likewise.
        budget_index: the highest volatility index that an answer may have, likewise.
    """

    knows_kinds = False

    def __init__(
        self,
        bench: Bench,
        *,
        budget: float | None = None,
        answer_budget: float | None = None,
        fallback: Fallback | None = None,
        profile: str | None = None,
        order: Order | None = None,
        halve: bool | None = None,
        majority: bool | None = None,
        anchor: bool | None = None,
        variants: int | None = None,
        retry_index: float | None = None,
        budget_index: float | None = None,
    ) -> None:
        self._bench = bench
        chosen = {
            "budget_step": budget,
            "budget_answer": answer_budget,
            "fallback": fallback and Fallback(fallback),
            "profile": profile,
            "order": order and Order(order),
            "halve": halve,
            "majority": majority,
            "anchor": anchor,
            "variants": variants,
            "retry_index": retry_index,
            "budget_index": budget_index,
        }
        given = {name: value for name, value in chosen.items() if value is not None}
        self._settings = bench.settings.model_copy(update=given)

    def answer(self, question: str, passages: Sequence[Passage]) -> Response:
        """Answer from the passages within budget."""
        answer = self._bench.dosed(question, passages, self._settings)
        accepted = {step.chunk.rank for step in answer.steps if step.verdict.accepted}
        return Response(
            answer.text,
            answer.outcome,
            tuple(place in accepted for place in range(len(passages))),
            answer.volatility_index,
            answer.signs,
        )
