"""How little an answer rests on its steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.signs import unsupported

SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6)


def test_an_answer_rests_on_a_chunk_that_helps_and_says_it() -> None:
    assert unsupported([0.0], [1.0]) == 0.0
    assert unsupported([0.5], [1.0]) == 0.5
    assert unsupported([0.5, 0.5], [1.0, 1.0]) == pytest.approx(0.25)


def test_neither_help_nor_words_alone_are_enough() -> None:
    assert unsupported([0.0, 1.0], [0.0, 1.0]) == 1.0


def test_an_answer_without_chunks_rests_on_none() -> None:
    assert unsupported([], []) == 1.0


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_it_is_a_share_and_no_further_chunk_raises_it(
    pairs: list[tuple[float, float]], volatility: float, carried: float
) -> None:
    volatilities, shares = [v for v, _ in pairs], [c for _, c in pairs]
    before = unsupported(volatilities, shares)
    after = unsupported([*volatilities, volatility], [*shares, carried])
    assert 0 <= after <= before <= 1


def test_every_chunk_has_both() -> None:
    with pytest.raises(ValueError, match="shorter"):
        unsupported([1.0], [])
