"""Risk against coverage, on cases worked out by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.abstention import aurc, risk_coverage


def test_risk_against_coverage_by_hand() -> None:
    """Surest first: right, wrong, right, wrong; risks 0, 1/2, 1/3, 1/2."""
    sure, wrong = [0.9, 0.8, 0.7, 0.6], [False, True, False, True]
    curve = risk_coverage(sure, wrong)
    assert curve.coverages == pytest.approx((0.25, 0.5, 0.75, 1.0))
    assert curve.risks == pytest.approx((0, 1 / 2, 1 / 3, 1 / 2))
    assert aurc(sure, wrong) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_abstentions_cost_coverage_and_no_risk() -> None:
    sure, wrong, abstained = [0.9, 0.8, 0.7, 0.6], [False, True, False, True], [0, 1, 0, 1]
    curve = risk_coverage(sure, wrong, abstained)
    assert curve.coverages == pytest.approx((0.25, 0.5))
    assert curve.risks == (0.0, 0.0)
    assert aurc(sure, wrong, abstained) == 0
    assert aurc(sure, wrong, [True] * 4) is None
    assert risk_coverage(sure, wrong, [True] * 4).coverages == ()


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12), st.randoms())
def test_the_order_of_equals_does_not_matter(
    rows: list[tuple[int, bool]], draw: random.Random
) -> None:
    shuffled = list(rows)
    draw.shuffle(shuffled)
    first = aurc(*zip(*rows, strict=True))
    assert aurc(*zip(*shuffled, strict=True)) == pytest.approx(first)
