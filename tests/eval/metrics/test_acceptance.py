"""Precision and recall of acceptance, by hand."""

from __future__ import annotations

import pytest

from eval.metrics.acceptance import acceptance
from overlay.errors import InputError
from overlay.labelled.items import Kind

H, N, C, U = Kind.HELPFUL, Kind.IRRELEVANT, Kind.CONTRADICTING, Kind.UNKNOWN


def test_by_hand() -> None:
    kinds = [H, H, H, N, N, C, U]
    accepted = [True, True, False, True, False, False, True]
    found = acceptance(kinds, accepted)
    assert found.precision == pytest.approx(2 / 3)  # the unknown one does not count
    assert found.recall == pytest.approx(2 / 3)
    assert found.harmful_accepted == pytest.approx(1 / 3)
    assert found.by_kind == {
        H: pytest.approx(2 / 3),
        N: pytest.approx(1 / 2),
        C: 0.0,
        U: 1.0,
    }


def test_nothing_to_take_a_share_of() -> None:
    found = acceptance([H], [False])
    assert found.precision is None
    assert found.recall == 0.0
    assert found.harmful_accepted is None
    assert acceptance([N], [True]).recall is None


def test_one_verdict_a_chunk() -> None:
    with pytest.raises(InputError, match="one value an item"):
        acceptance([H, N], [True])
