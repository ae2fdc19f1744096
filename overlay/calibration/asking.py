"""Answers to labelled questions, from the passages that they come with."""

from __future__ import annotations

from overlay.answer import Answer
from overlay.labelled.items import Item
from overlay.labelled.matching import contains_any
from overlay.labelled.searcher import PassageSearcher
from overlay.options import AskOptions
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.protocol import Model
from selector.profile import Profile

__all__ = ["FIRST_VARIANT", "answer_item"]

FIRST_VARIANT = {"variants": 1, "budget_index": 1.0}
"""Settings under which the first variant is spoken, however shaky."""


def answer_item(
    model: Model, settings: Settings, profile: Profile, item: Item, k: int | None = None
) -> tuple[Answer, bool]:
    """Answer a question as the overlay does; and whether an accepted answer stands in the text.

    Args:
        profile: judges in place of the one that the settings name.
        k: of its passages, the most similar ones; None for all.
    """
    overlay = Overlay(model, PassageSearcher(item.passages), settings, profile=profile)
    count = max(len(item.passages), 1) if k is None else k
    answer = overlay.ask(item.question, AskOptions(k=count, effects=False))
    return answer, contains_any(answer.text, item.answers)
