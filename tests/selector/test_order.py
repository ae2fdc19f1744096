"""Orders: which chunk enters first, whatever order they came in."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from overlay.prompt import by_similarity
from selector.order import Order, ordered

SHARES = st.floats(0, 1)
CHUNKS = st.lists(
    st.tuples(SHARES, SHARES), max_size=8, unique_by=(lambda one: one[0], lambda one: one[1])
)


def test_what_enters_first() -> None:
    similarities, volatilities = [0.7, 0.9, 0.8], [0.1, 0.4, 0.3]
    assert ordered(Order.RANK, similarities, volatilities) == [0, 1, 2]
    assert ordered(Order.BEST_FIRST, similarities, volatilities) == [0, 2, 1]
    assert ordered(Order.BEST_LAST, similarities, volatilities) == [1, 2, 0]
    assert ordered(Order.SIMILAR_LAST, similarities, volatilities) == [0, 2, 1]
    assert ordered(Order.SIMILAR_FIRST, similarities, volatilities) == [1, 2, 0]


def test_of_two_equal_chunks_the_first_stands_where_it_matters() -> None:
    alike = [0.5, 0.5]
    assert ordered(Order.BEST_FIRST, alike, alike) == [0, 1]
    assert ordered(Order.BEST_LAST, alike, alike) == [1, 0]
    assert ordered(Order.SIMILAR_LAST, alike, alike) == [1, 0]
    assert ordered(Order.SIMILAR_FIRST, alike, alike) == [0, 1]


@given(CHUNKS)
def test_the_most_similar_chunks_stand_as_they_are_read(chunks: list[tuple[float, float]]) -> None:
    similarities = [similarity for similarity, _ in chunks]
    for order in (Order.SIMILAR_LAST, Order.SIMILAR_FIRST):
        found = ordered(order, similarities, [v for _, v in chunks])
        assert found == by_similarity([1] * len(chunks), similarities, len(chunks), order)


@given(CHUNKS, st.randoms())
def test_the_order_of_retrieval_does_not_matter(
    chunks: list[tuple[float, float]], draw: random.Random
) -> None:
    shuffled = list(chunks)
    draw.shuffle(shuffled)
    for order in set(Order) - {Order.RANK}:
        found = []
        for given_chunks in (chunks, shuffled):
            places = ordered(order, [s for s, _ in given_chunks], [v for _, v in given_chunks])
            found.append([given_chunks[place] for place in places])
        assert found[0] == found[1]
