"""Question gain on numbers worked out by hand, and its symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from probes.question_gain import question_gain

LOG_PROBS = st.lists(st.tuples(st.floats(-30, 0), st.floats(-30, 0)), min_size=1, max_size=40)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_a_case_by_hand() -> None:
    assert question_gain(array(-3, -2, -1), array(-1, -2, -0.4)) == pytest.approx(2.6 / 3)


@given(LOG_PROBS)
def test_swapping_changes_the_sign_and_the_same_gains_nothing(
    pairs: list[tuple[float, float]],
) -> None:
    a, b = (array(*column) for column in zip(*pairs, strict=True))
    assert question_gain(a, b) == pytest.approx(-question_gain(b, a))
    assert question_gain(a, a) == 0


@given(LOG_PROBS, st.floats(0, 5))
def test_it_grows_by_what_every_token_gains(pairs: list[tuple[float, float]], more: float) -> None:
    a, b = (array(*column) for column in zip(*pairs, strict=True))
    lifted = question_gain(a, b + np.float32(more))
    assert lifted == pytest.approx(question_gain(a, b) + more, abs=1e-4)


@pytest.mark.parametrize("sizes", [(0, 0), (2, 3)])
def test_what_cannot_be_compared_is_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="compares"):
        question_gain(*(np.zeros(size, dtype=np.float32) for size in sizes))
