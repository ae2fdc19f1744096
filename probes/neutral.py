"""Neutral text: what hidden drift is standardised against.

Any text moves the states, by its length and its first tokens alone. These passages say nothing
that a question could ask for, so what they move is the yardstick (see
:func:`probes.hidden_drift.standardise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

__all__ = ["NEUTRAL_TEXTS", "cut_to_length"]

NEUTRAL_TEXTS = (
    (
        "The room was quiet in the afternoon. Light came through the window and moved slowly "
        "along the wall. Someone had left a cup on the table, and a chair stood a little to one "
        "side. Outside, a few people walked by without hurry, and after a while it was quiet "
        "again."
    ),
    (
        "There are many ways to fold a sheet of paper. One can begin at a corner or at an edge, "
        "and go on until it becomes too thick. Most people stop after a few folds, look at the "
        "result, and unfold it again, so that only the lines remain."
    ),
    (
        "It had rained in the morning and the path was still wet. The grass beside it had grown "
        "tall, and here and there a leaf lay on the ground. Nothing much happened. The clouds "
        "went on moving, some of them grey and some of them almost white."
    ),
    (
        "To sort a drawer, take everything out first and put it on a clean surface. Keep "
        "together what belongs together. What is not needed can be put aside for another day. "
        "Then wipe the drawer, let it dry, and put the things back one after the other."
    ),
    (
        "Sometimes a sound can be heard from far away and it is hard to say what it is. It may "
        "be a door, or the wind, or something that fell over. One listens for a moment, hears "
        "nothing more, and goes on with what one was doing before."
    ),
    (
        "The list was written by hand on lined paper. Some of the entries had been crossed out "
        "and others had a small mark beside them. It was not clear who had written it or when. "
        "The ink was blue in some places and black in others, and the last line was empty."
    ),
)


def cut_to_length(tokens: Sequence[int], length: int) -> list[int]:
    """The first ``length`` tokens of the text, said over and over where it is shorter."""
    return list(islice(cycle(tokens), length))
