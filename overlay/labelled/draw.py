"""Questions drawn from several files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from overlay.errors import InputError
from overlay.labelled.given import read_questions
from overlay.labelled.items import Item

__all__ = ["draw_questions"]


def draw_questions(files: Sequence[Path], count: int, seed: int) -> list[Item]:
    """``count`` questions drawn evenly from the files, the same ones for the same seed.

    Raises:
        InputError: a file cannot be read, or there are not that many questions.
    """
    sets = read_questions(files)
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for questions in sets:
        draw.shuffle(questions)
    mixed = [
        questions[place]
        for place in range(max(map(len, sets)))
        for questions in sets
        if place < len(questions)
    ]
    if len(mixed) < count:
        raise InputError(f"the files hold {len(mixed)} questions, not {count}", param="questions")
    return mixed[:count]
