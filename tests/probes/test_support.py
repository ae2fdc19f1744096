"""Information gain, support and conflict loss: hand-computed values and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overlay.errors import InputError
from probes.support import (
    Matrix,
    agreement,
    conflict_loss,
    information_gain,
    support_max,
    support_mean,
)

HAND = np.array(
    [
        [-3.0, -2.0, -4.0],  # baseline
        [-1.0, -2.5, -4.0],  # chunk 0
        [-2.0, -0.5, -5.0],  # chunk 1
        [-3.5, -2.0, -0.5],  # chunk 2
    ]
)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    k = draw(st.integers(1, 6))
    return draw(arrays(np.float64, (k + 1, k), elements=st.floats(-30, 0)))


def test_by_hand() -> None:
    np.testing.assert_allclose(information_gain(HAND), [2.0, 1.5, 3.5])
    np.testing.assert_allclose(support_max(HAND), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(support_mean(HAND), [0.25, -0.25, -0.5])
    np.testing.assert_allclose(conflict_loss(HAND), [0.25, 0.5, 0.25])
    np.testing.assert_allclose(
        agreement(HAND),
        [[1, -0.5 / 1.5, -0.25], [-0.5 / 1.5, 1, -1 / 3.5], [-0.25, -1 / 3.5, 1]],
    )


@given(matrices())
def test_properties(matrix: Matrix) -> None:
    k = matrix.shape[1]
    best, mean, loss = support_max(matrix), support_mean(matrix), conflict_loss(matrix)
    assert information_gain(matrix).shape == best.shape == mean.shape == loss.shape == (k,)
    if k == 1:
        assert np.isnan([best, mean, loss]).all()
        return
    assert np.all(best >= mean - 1e-9)
    assert np.all(loss >= 0)
    mutual = agreement(matrix)
    np.testing.assert_array_equal(mutual, mutual.T)
    np.testing.assert_array_equal(np.diagonal(mutual), 1.0)


@given(matrices(), st.floats(-5, 5))
def test_only_differences_to_the_baseline_count(matrix: Matrix, shift: float) -> None:
    for probe in (information_gain, support_max, support_mean, conflict_loss, agreement):
        np.testing.assert_allclose(probe(matrix + shift), probe(matrix), atol=1e-9)


@given(matrices(), st.randoms(use_true_random=False))
def test_the_order_of_the_chunks_does_not_matter(
    matrix: Matrix, random: np.random.Generator
) -> None:
    k = matrix.shape[1]
    order = list(range(k))
    random.shuffle(order)
    shuffled = matrix[[0, *(i + 1 for i in order)]][:, order]
    for probe in (information_gain, support_max, support_mean, conflict_loss):
        np.testing.assert_allclose(probe(shuffled), probe(matrix)[order], atol=1e-9)


@given(st.integers(1, 5))
def test_equal_contexts_change_nothing(k: int) -> None:
    matrix = np.tile(np.linspace(-3, -1, k), (k + 1, 1))
    np.testing.assert_array_equal(information_gain(matrix), 0.0)
    if k > 1:
        np.testing.assert_array_equal(support_max(matrix), 0.0)
        np.testing.assert_array_equal(conflict_loss(matrix), 0.0)


@pytest.mark.parametrize("shape", [(2, 2), (3,), (1, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="k \\+ 1 by k"):
        information_gain(np.zeros(shape))
