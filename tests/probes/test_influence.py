"""Removal, shares, sums over spans, loss sensitivity: hand-computed values and properties."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overlay.errors import InputError
from probes.influence import Float64Array, removal, shares, sum_over_spans
from probes.loss_sensitivity import loss_sensitivity

VALUES = arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e308, 1e308))
LOG_PROBS = arrays(np.float64, st.integers(1, 8), elements=st.floats(-100, 0))


def test_removal_by_hand() -> None:
    np.testing.assert_allclose(removal(-2.0, [-5.0, -2.0, -1.5]), [3.0, 0.0, -0.5])


def test_loss_sensitivity_by_hand() -> None:
    assert loss_sensitivity(-0.5, -1.25) == 0.75
    np.testing.assert_allclose(loss_sensitivity(-0.5, np.array([-1.5, -0.25])), [1.0, -0.25])


@given(LOG_PROBS, st.floats(-100, 0), st.integers(1, 20))
def test_loss_sensitivity_is_removal_per_token(
    without: Float64Array, full: float, tokens: int
) -> None:
    per_token = loss_sensitivity(full / tokens, without / tokens)
    np.testing.assert_allclose(per_token, removal(full, without) / tokens, atol=1e-9)


@given(st.floats(-100, 0), st.floats(-100, 0))
def test_loss_sensitivity_changes_sign(with_part: float, without: float) -> None:
    assert loss_sensitivity(with_part, without) == -loss_sensitivity(without, with_part)


@given(st.floats(-100, 0))
def test_what_changes_nothing_has_no_removal_and_no_sensitivity(log_prob: float) -> None:
    np.testing.assert_array_equal(removal(log_prob, [log_prob]), [0.0])
    assert loss_sensitivity(log_prob, log_prob) == 0.0


def test_shares_by_hand() -> None:
    np.testing.assert_allclose(shares([1.0, -5.0, 3.0, 0.0]), [0.25, 0.0, 0.75, 0.0])


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [-1.0, 0.0, -3.0]])
def test_without_anything_for_the_answer_nothing_has_a_share(values: list[float]) -> None:
    np.testing.assert_array_equal(shares(values), [0.0, 0.0, 0.0])


@pytest.mark.parametrize("size", [5e-324, 1e308])
def test_shares_of_tiny_and_of_huge_values(size: float) -> None:
    np.testing.assert_array_equal(shares([size, -size, size]), [0.5, 0.0, 0.5])


def test_no_parts_have_no_shares() -> None:
    assert shares([]).shape == (0,)


@given(VALUES)
def test_shares_add_up_and_keep_the_order(values: Float64Array) -> None:
    found = shares(values)
    assert found.shape == values.shape
    assert np.all((found >= 0) & (found <= 1))
    assert found.sum() == pytest.approx(1.0 if (values > 0).any() else 0.0)
    assert np.all(np.diff(found[np.argsort(values)]) >= 0)


@given(
    arrays(np.float64, 5, elements=st.floats(-10, 10, allow_subnormal=False)),
    st.floats(0.01, 100),
)
def test_shares_have_no_scale(values: Float64Array, scale: float) -> None:
    np.testing.assert_allclose(shares(scale * values), shares(values), atol=1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_shares_refuse_what_is_not_finite(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        shares([1.0, value])


def test_sums_by_hand() -> None:
    sums = sum_over_spans([1.0, 2.0, -4.0, 8.0], [(0, 2), (2, 4), (1, 1), (0, 4)])
    np.testing.assert_allclose(sums, [3.0, 4.0, 0.0, 7.0])
    assert sum_over_spans([1.0], []).shape == (0,)


@given(arrays(np.float64, 9, elements=st.floats(-10, 10)), st.sets(st.integers(1, 8)))
def test_spans_that_cover_everything_once_add_up(values: Float64Array, cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), 9]
    sums = sum_over_spans(values, list(pairwise(edges)))
    assert sums.sum() == pytest.approx(values.sum(), abs=1e-9)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 4), (4, 5)])
def test_spans_outside_are_refused(span: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="does not fit 3 tokens"):
        sum_over_spans([1.0, 2.0, 3.0], [span])
