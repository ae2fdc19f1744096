"""How little an answer rests on its steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.volatility_index import volatility_index

SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6)


def test_an_answer_rests_on_a_chunk_that_helps_and_says_it() -> None:
    assert volatility_index([1.0], [1.0]) == 0.0
    assert volatility_index([0.5], [1.0]) == 0.5
    assert volatility_index([0.5, 0.5], [1.0, 1.0]) == pytest.approx(0.25)


def test_neither_help_nor_words_alone_are_enough() -> None:
    assert volatility_index([1.0, 0.0], [0.0, 1.0]) == 1.0


def test_an_answer_without_chunks_rests_on_none() -> None:
    assert volatility_index([], []) == 1.0


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_it_is_a_share_and_no_further_chunk_raises_it(
    pairs: list[tuple[float, float]], utility: float, carried: float
) -> None:
    utilities, shares = [u for u, _ in pairs], [c for _, c in pairs]
    before = volatility_index(utilities, shares)
    after = volatility_index([*utilities, utility], [*shares, carried])
    assert 0 <= after <= before <= 1


def test_every_chunk_has_both() -> None:
    with pytest.raises(ValueError, match="shorter"):
        volatility_index([1.0], [])
