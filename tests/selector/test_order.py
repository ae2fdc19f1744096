"""Orders: which chunk enters first, whatever order they came in."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from selector.order import Order, ordered

CHUNKS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=8, unique_by=lambda c: c[0])


def test_what_enters_first() -> None:
    volatilities, drifts = [0.4, 0.1, 0.3], [0.3, 0.2, 0.1]
    assert ordered(Order.RANK, volatilities, drifts) == [0, 1, 2]
    assert ordered(Order.BEST_FIRST, volatilities, drifts) == [1, 2, 0]
    assert ordered(Order.BEST_LAST, volatilities, drifts) == [0, 2, 1]
    assert ordered(Order.BRIDGE, volatilities, drifts) == [2, 1, 0]


@given(CHUNKS, st.randoms())
def test_the_order_of_retrieval_does_not_matter(
    chunks: list[tuple[float, float]], draw: random.Random
) -> None:
    shuffled = list(chunks)
    draw.shuffle(shuffled)
    for order in (Order.BEST_FIRST, Order.BEST_LAST):
        found = []
        for given_chunks in (chunks, shuffled):
            places = ordered(order, [v for v, _ in given_chunks], [d for _, d in given_chunks])
            found.append([given_chunks[place] for place in places])
        assert found[0] == found[1]
