"""The gap between plain RAG and the oracle, and who closes how much of it."""

from __future__ import annotations

import numpy as np
import pytest

from eval.metrics.gap import gap_closed
from overlay.errors import InputError

PLAIN = [0, 0, 0, 1, 0, 0, 1, 0, 0, 0] * 10
ORACLE = [1, 1, 0, 1, 0, 1, 1, 0, 1, 0] * 10


def test_the_ends_of_the_scale() -> None:
    for policy, expected in ((PLAIN, 0.0), (ORACLE, 1.0)):
        found = gap_closed(policy, PLAIN, ORACLE, seed=0)
        assert found == (expected, expected, expected)


def test_a_case_worked_by_hand() -> None:
    """Two of four closed in each ten, one lost: (2 - 1) / 4."""
    policy = [1, 1, 0, 0, 0, 0, 1, 0, 0, 0] * 10
    found = gap_closed(policy, PLAIN, ORACLE, seed=0)
    assert found is not None
    assert found.value == pytest.approx(0.25)
    assert -0.1 < found.low < 0.25 < found.high < 0.6
    assert found == gap_closed(policy, PLAIN, ORACLE, seed=0)


def test_questions_are_drawn_whole() -> None:
    policy = np.repeat([1, 0, 1, 0, 0], 20)
    alone = gap_closed(policy, np.zeros(100), np.ones(100), seed=1)
    together = gap_closed(
        policy, np.zeros(100), np.ones(100), [n // 20 for n in range(100)], seed=1
    )
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_where_there_is_no_gap_nothing_is_closed() -> None:
    assert gap_closed(ORACLE, ORACLE, ORACLE, seed=0) is None
    assert gap_closed(ORACLE, ORACLE, PLAIN, seed=0) is None


def test_lengths_must_agree() -> None:
    with pytest.raises(InputError):
        gap_closed(PLAIN[:5], PLAIN, ORACLE, seed=0)
