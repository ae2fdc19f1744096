"""From attention to shares of chunks."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from overlay.errors import InputError
from probes.attention import looks, middle_layers, share

ATTENTION = arrays(
    np.float32,
    array_shapes(min_dims=4, max_dims=4, max_side=7),
    elements=st.floats(0, 1, width=32),
)
LOOKED = arrays(np.float32, st.integers(1, 9), elements=st.floats(0, 1, width=32))


@given(st.integers(1, 200))
def test_the_middle_leaves_out_as_much_at_both_ends(layers: int) -> None:
    window = middle_layers(layers)
    kept = range(layers)[window]
    assert kept
    assert kept[0] == layers - 1 - kept[-1]
    assert layers / 3 <= len(kept) <= layers / 3 + 2


def test_the_middle_by_hand() -> None:
    expected = {1: (0, 1), 2: (0, 2), 3: (1, 2), 24: (8, 16), 30: (10, 20)}
    assert {n: (middle_layers(n).start, middle_layers(n).stop) for n in expected} == expected


@given(ATTENTION)
def test_looks_keep_to_what_they_average(attention: np.ndarray) -> None:
    found = looks(attention)
    assert found.shape == attention.shape[3:]
    assert found.dtype == np.float32
    assert (found >= attention.min() - 1e-6).all()
    assert (found <= attention.max() + 1e-6).all()


@given(ATTENTION, st.randoms(use_true_random=False))
def test_order_of_heads_and_rows_is_nothing(attention: np.ndarray, random: Random) -> None:
    heads = list(range(attention.shape[1]))
    random.shuffle(heads)
    turned = attention[:, heads, ::-1]
    np.testing.assert_allclose(looks(turned), looks(attention), atol=1e-6)


def test_only_the_middle_counts() -> None:
    attention = np.ones((6, 2, 1, 2), dtype=np.float32)
    attention[2:4] = [0.25, 0.5]
    np.testing.assert_allclose(looks(attention), [0.25, 0.5])


@given(LOOKED)
def test_shares_add_up(looked: np.ndarray) -> None:
    found = share(looked)
    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum() == pytest.approx(1 if looked.any() else 0, abs=1e-5)
    assert (np.diff(found[np.argsort(looked)]) >= 0).all()


@given(LOOKED)
def test_shares_do_not_hang_on_what_goes_elsewhere(looked: np.ndarray) -> None:
    half = looked * np.float32(0.5)
    if (half * 2 == looked).all():
        np.testing.assert_allclose(share(half), share(looked), rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 2, 1, 1), (2, 2, 1, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="layers by heads"):
        looks(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_what_is_no_attention_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        share(np.array([0.5, value], dtype=np.float32))


def test_no_layers_are_refused() -> None:
    with pytest.raises(InputError, match="0 layers"):
        middle_layers(0)
