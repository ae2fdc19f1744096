"""Chances against what happened: scikit-learn's Brier score, and cases worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from overlay.errors import InputError
from selector.statistics.reliability import Binning, brier, expected_calibration_error, reliability

chances = st.floats(0, 1)
answers = st.lists(st.tuples(chances, st.booleans()), min_size=1, max_size=30)


@given(answers)
def test_brier_is_scikit_learns(rows: list[tuple[float, bool]]) -> None:
    predicted, wrong = zip(*rows, strict=True)
    expected = brier_score_loss(wrong, predicted, pos_label=True)
    assert brier(predicted, wrong) == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    """Bins (0, 0.1]: 0.05 predicted, 1 of 2 wrong; (0.8, 0.9]: 0.9 predicted, 2 of 2 wrong."""
    predicted, wrong = [0.05, 0.05, 0.9, 0.9], [True, False, True, True]
    first, second = reliability(predicted, wrong)
    assert [first.count, first.predicted, first.observed] == pytest.approx([2, 0.05, 0.5])
    assert [second.count, second.predicted, second.observed] == pytest.approx([2, 0.9, 1.0])
    found = expected_calibration_error(predicted, wrong)
    assert found == pytest.approx((2 * 0.45 + 2 * 0.1) / 4)


@given(answers, st.sampled_from(Binning))
def test_calibration_error_lies_between_none_and_all(
    rows: list[tuple[float, bool]], binning: Binning
) -> None:
    predicted, wrong = zip(*rows, strict=True)
    assert sum(b.count for b in reliability(predicted, wrong, binning=binning)) == len(rows)
    assert 0 <= expected_calibration_error(predicted, wrong, binning=binning) <= 1


def test_a_perfect_predictor() -> None:
    assert expected_calibration_error([0.0, 1.0, 1.0], [False, True, True]) == 0
    assert brier([0.0, 1.0], [False, True]) == 0


@pytest.mark.parametrize("predicted", [[1.2, 0.5], [-0.1, 0.5], [0.5], [float("nan"), 0.1], []])
def test_what_is_no_probability_is_refused(predicted: list[float]) -> None:
    with pytest.raises(InputError):
        brier(predicted, [True, False])
    with pytest.raises(InputError):
        expected_calibration_error(predicted, [True, False])
