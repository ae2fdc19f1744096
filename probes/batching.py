"""What every backend does alike with several sessions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from probes.protocol import Session
from probes.state import FloatArray, State

__all__ = ["DraftReader", "Request", "draft_side_by_side", "grouped"]

Request = tuple[Session, Sequence[int]]
"""A session and the window that is read after it."""


def grouped(
    requests: Sequence[Request], *, rows: int, sessions: int | None = None
) -> Iterator[list[Request]]:
    """Cut requests into groups of at most ``rows`` window tokens and ``sessions`` requests.

    A window that is longer by itself makes a group of its own.
    """
    group: list[Request] = []
    filled = 0
    for request in requests:
        size = len(request[1])
        if group and (filled + size > rows or len(group) == sessions):
            yield group
            group, filled = [], 0
        group.append(request)
        filled += size
    if group:
        yield group


def draft_side_by_side(
    count: int,
    length: int,
    step: Callable[[Sequence[tuple[int, int | None]], int], Sequence[int]],
    ends: Callable[[int], bool],
) -> list[list[int]]:
    """Grow ``count`` drafts by one token a step, until they end or hold ``length`` tokens.

    Args:
        step: gets (draft, its last token or None) of those that still grow, and the number of
            the step; returns the next token of each.
        ends: whether a token ends the generation. Such a token is not kept, unless it is the
            first: a draft holds at least one token.
    """
    drafts: list[list[int]] = [[] for _ in range(count)]
    active = list(range(count))
    for number in range(length):
        if not active:
            break
        last = [(index, drafts[index][-1] if drafts[index] else None) for index in active]
        growing = []
        for index, token in zip(active, step(last, number), strict=True):
            if not ends(token) or not drafts[index]:
                drafts[index].append(token)
            if not ends(token):
                growing.append(index)
        active = growing
    return drafts


class DraftReader:
    """Collects what the model shows while drafts grow, so that none of it is evaluated again.

    Args:
        count: number of drafts.
        layers: layers whose hidden states are given with every row.
    """

    def __init__(self, count: int, layers: Sequence[int]) -> None:
        self._layers = tuple(layers)
        self._log_probs: list[list[FloatArray]] = [[] for _ in range(count)]
        self._hidden: list[list[FloatArray]] = [[] for _ in range(count)]

    def add(self, drafts: Sequence[int], log_probs: FloatArray, hidden: FloatArray) -> None:
        """Keep one step.

        Args:
            drafts: index of the draft to which each row belongs.
            log_probs: ``[rows, vocabulary]``.
            hidden: ``[layers, rows, width]``.
        """
        for row, draft in enumerate(drafts):
            self._log_probs[draft].append(log_probs[row])
            self._hidden[draft].append(hidden[:, row])

    def states(self, drafts: Sequence[Sequence[int]]) -> list[State]:
        """The state on each draft; what an end token was drawn from is left out."""
        return [
            State(
                tuple(tokens),
                np.stack(log_probs[: len(tokens)]),
                np.stack(hidden[: len(tokens)], axis=1),
                self._layers,
            )
            for tokens, log_probs, hidden in zip(drafts, self._log_probs, self._hidden, strict=True)
        ]
