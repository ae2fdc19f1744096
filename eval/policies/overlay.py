"""The overlay itself, under a budget."""

from __future__ import annotations

from collections.abc import Sequence

from eval.policies.bench import Bench
from eval.policies.protocol import Response
from overlay.errors import InputError
from overlay.labelled.items import Passage
from overlay.settings import changed

__all__ = ["OverlayPolicy"]


_ITS_OWN = (
    "budget_step",
    "budget_answer",
    "budget_index",
    "first_dose",
    "retry_index",
    "variants",
    "profile",
    "fallback",
    "order",
    "halve",
    "majority",
    "anchor",
)
"""What may differ between policies that share one model."""


class OverlayPolicy:
    """Probes, judges, doses and answers as ``overlay ask`` does.

    Args:
        settings: by their names, where they are not the run's; any of :data:`_ITS_OWN`.

    Raises:
        InputError: another setting is named, or a value is unusable.
    """

    knows_kinds = False

    def __init__(self, bench: Bench, **settings: object) -> None:
        for name in settings:
            if name not in _ITS_OWN:
                raise InputError(
                    f"the policy 'overlay' takes no {name!r}",
                    hint=f"it takes {', '.join(_ITS_OWN)}",
                    param=f"policies.{name}",
                )
        self._bench = bench
        self._settings = changed(bench.settings, **settings)

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
