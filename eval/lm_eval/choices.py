"""Choices for the sample questions; lm-evaluation-harness loads this file by its path."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["with_choices"]

_CHOICES = 4


def with_choices(questions: Any) -> Any:
    """The answerable questions of a data set, each with four choices in an order of its own.

    Known wrong answers come first; the rest are right answers of other questions that hold
    digits, or none, as the right one does.
    """
    answerable = questions.filter(lambda row: bool(row["answers"]))
    answers = [row["answers"][0] for row in answerable]

    def add(row: dict[str, Any]) -> dict[str, Any]:
        draw = random.Random(row["id"])  # noqa: S311 - a sample, not a secret
        right = row["answers"][0]
        others = [
            answer
            for answer in answers
            if _has_digits(answer) == _has_digits(right) and answer not in row["answers"]
        ]
        draw.shuffle(others)
        wrong = list(dict.fromkeys([*row["wrong_answers"], *others]))[: _CHOICES - 1]
        choices = [right, *wrong]
        draw.shuffle(choices)
        return {"choices": choices, "gold": choices.index(right)}

    return answerable.map(add)


def _has_digits(text: str) -> bool:
    return any(character.isdigit() for character in text)
