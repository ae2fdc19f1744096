"""Words that a test chooses: a model drafts what another one drafted, or what it is told.

Two implementations of a model round in their own ways, and a greedy word can hang on that. Where
what they compute is compared, the words are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from probes.batching import draft_side_by_side

__all__ = ["Words"]

_Step = Callable[[Sequence[tuple[int, int | None]], int], Sequence[int]]
_PLACES = (
    "probes.llamacpp.model.draft_side_by_side",
    "probes.transformers.model.draft_side_by_side",
)


class Words:
    """Drafts, call by call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._calls: list[list[list[int]]] = []

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep what is drafted inside."""

        def drafting(
            count: int, length: int, step: _Step, ends: Callable[[int], bool]
        ) -> list[list[int]]:
            self._calls.append(draft_side_by_side(count, length, step, ends))
            return self._calls[-1]

        with self._in_place_of_drafting(drafting):
            yield

    @contextmanager
    def forced(self) -> Iterator[None]:
        """Draft the same inside, call by call; each step is evaluated, its choice passed over."""
        left = list(self._calls)

        def drafting(
            count: int, length: int, step: _Step, ends: Callable[[int], bool]
        ) -> list[list[int]]:
            words = left.pop(0)
            assert len(words) == count
            return _draft_these(words, length, step, ends)

        with self._in_place_of_drafting(drafting):
            yield
        assert not left, "the other model drafted less often"

    @contextmanager
    def said(self, words: Sequence[int]) -> Iterator[None]:
        """Make every draft inside these words, as far as its length goes."""

        def drafting(
            count: int, length: int, step: _Step, ends: Callable[[int], bool]
        ) -> list[list[int]]:
            return _draft_these([list(words)] * count, length, step, ends)

        with self._in_place_of_drafting(drafting):
            yield

    @contextmanager
    def _in_place_of_drafting(self, drafting: Callable[..., list[list[int]]]) -> Iterator[None]:
        with self._monkeypatch.context() as patch:
            for place in _PLACES:
                patch.setattr(place, drafting)
            yield


def _draft_these(
    words: list[list[int]], length: int, step: _Step, ends: Callable[[int], bool]
) -> list[list[int]]:
    end = next(token for token in range(10_000) if ends(token))

    def choose(last: Sequence[tuple[int, int | None]], number: int) -> list[int]:
        step(last, number)
        said = [words[index] for index, _ in last]
        return [word[number] if number < len(word) else end for word in said]

    return draft_side_by_side(len(words), length, choose, ends)
