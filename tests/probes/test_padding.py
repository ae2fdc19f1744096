"""Rows that stand beside those that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.llamacpp import LlamaCppModel
from probes.llamacpp.evaluator import BATCH_TOKENS, MICRO_BATCH_TOKENS
from probes.llamacpp.padding import LEAST, LEAST_ALONE, balance, even, to_a_tile
from probes.neutral import NEUTRAL_TEXTS

CONTEXT = 300


@given(st.integers(1, 512), st.sampled_from([MICRO_BATCH_TOKENS, BATCH_TOKENS]), st.booleans())
def test_kernels_take_all_rows_in_the_same_way(rows: int, micro: int, alone: bool) -> None:
    missing = even(rows, micro, alone=alone)
    last = (rows + missing) % micro
    assert 0 <= missing < LEAST
    assert last == 0 or (last >= LEAST_ALONE if alone else last >= LEAST and last % 4 == 0)


SMALL = balance(135_000_000, 30, 576)
LARGER = balance(630_000_000, 24, 896)


@given(st.integers(1, 512), st.floats(0, 1e6), st.floats(1, 1e4))
def test_a_tile_is_filled_or_nothing_is(rows: int, cells: float, balanced: float) -> None:
    missing = to_a_tile(rows, cells, balanced)
    assert missing == 0 or rows + missing == 64
    assert rows > 3 or not missing, "a token that is drawn stands alone"
    assert to_a_tile(rows, cells + 1, balanced) or not missing, "more cells, more to win"


@pytest.mark.parametrize(
    ("balanced", "cells", "worth"),
    [
        *((SMALL, cells, worth) for cells, worth in ((150, 32), (600, 16), (1200, 11), (2400, 7))),
        *((LARGER, cells, worth) for cells, worth in ((150, 41), (600, 25), (1200, 16))),
    ],
)
def test_a_tile_is_filled_from_as_many_rows_as_were_measured(
    balanced: float, cells: float, worth: int
) -> None:
    """Where so many rows took as long filled up as by themselves, on two cores."""
    filled = [bool(to_a_tile(rows, cells, balanced)) for rows in (worth * 3 // 4, worth * 5 // 4)]
    assert filled == [False, True]


@pytest.mark.parametrize("count", [2, 27, 28, 63, 64, 65])
def test_a_tile_changes_readings_by_their_rounding_only(
    fast_model: LlamaCppModel, tiny_model: LlamaCppModel, count: int
) -> None:
    tokens = fast_model.tokenize("\n".join(NEUTRAL_TEXTS) * 4)[: CONTEXT + count]
    found = []
    for model in (fast_model, tiny_model):
        with model.session() as session:
            session.extend(tokens[:CONTEXT])
            model.flush([session])
            before = model.evaluated
            state = session.read(tokens[CONTEXT:], [0, 1])
            assert model.evaluated - before == count, "padding is nobody's"
            found.append((state.log_probs, state.hidden))
    for own, exact in zip(*found, strict=True):
        assert own.shape == exact.shape
        assert np.abs(own - exact).mean() < 0.03 * np.abs(exact).mean()


def test_padding_leaves_no_cells(fast_model: LlamaCppModel) -> None:
    """More calls than would fit, did each leave its padding behind."""
    tokens = fast_model.tokenize("\n".join(NEUTRAL_TEXTS))[:40]
    for _ in range(80):
        with fast_model.session() as session:
            session.extend(tokens)
            fast_model.flush([session])
