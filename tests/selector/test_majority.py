"""Who outvotes whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from selector.majority import majority

TEXTS = ["the ferry docks at Corrin", "Corrin has the ferry", "it docks at Luth", "all is quiet"]


def agreements(k: int, *pairs: tuple[int, int]) -> NDArray[np.float64]:
    """Of ``k`` chunks, where these agree by 0.9 and the others by 0.1."""
    table = np.full((k, k), 0.1)
    np.fill_diagonal(table, 1.0)
    for i, j in pairs:
        table[i, j] = table[j, i] = 0.9
    return table


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (agreements(3, (0, 1)), [0, 1]),
        (agreements(3, (1, 2)), [1, 2]),
        (agreements(3, (0, 1), (0, 2), (1, 2)), [0, 1, 2]),
        (agreements(3), []),
        (agreements(4, (0, 1)), []),
        (agreements(4, (0, 1), (2, 3)), []),
        (agreements(4, (3, 0), (3, 1)), [3, 0, 1]),
        (agreements(2), []),
        (agreements(2, (0, 1)), [0, 1]),
        (agreements(0), []),
    ],
)
def test_more_than_half_must_agree(table: NDArray[np.float64], expected: list[int]) -> None:
    assert majority(table, TEXTS[: len(table)]) == expected


def test_a_text_that_stands_twice_has_one_vote() -> None:
    table = agreements(3, (1, 2))
    assert majority(table, ["it docks at Corrin", "It docks  at Luth", "it docks at Luth "]) == []
    four = agreements(4, (1, 2), (0, 3))
    texts = ["it docks at Corrin", "it docks at Luth", "it docks at Luth", "Corrin has it"]
    assert majority(four, texts) == [0, 3]


@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_majority_does_not_hang_on_the_order(k: int, random: np.random.Generator) -> None:
    pairs = [(i, j) for i in range(k) for j in range(i) if random.random() < 0.5]
    table = agreements(k, *pairs)
    order = list(range(k))
    random.shuffle(order)
    texts = [f"text {place}" for place in range(k)]
    found = majority(table, texts)
    moved = majority(table[np.ix_(order, order)], [texts[place] for place in order])
    assert len(moved) == len(found)
    assert not found or 2 * len(found) > k
