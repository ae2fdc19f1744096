"""From attention to what a question looks at."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from overlay.errors import InputError
from probes.attention import LARGEST, attention, looks, middle_layers, pooled

ATTENTION = arrays(
    np.float32,
    array_shapes(min_dims=4, max_dims=4, max_side=7),
    elements=st.floats(0, 1, width=32),
)
_SHARES = st.floats(0, 1, width=32)
LOOKS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(*(arrays(np.float32, n, elements=_SHARES) for _ in range(2)))
)


@given(st.integers(1, 200))
def test_the_window_is_where_the_depth_says(layers: int) -> None:
    window = middle_layers(layers)
    assert window.start == int(0.4 * layers + 1e-9)
    assert window.stop == max(int(0.8 * layers + 1e-9), window.start + 1)
    assert range(layers)[window]


def test_the_window_by_hand() -> None:
    expected = {1: (0, 1), 2: (0, 1), 3: (1, 2), 4: (1, 3), 24: (9, 19), 30: (12, 24)}
    assert {n: (middle_layers(n).start, middle_layers(n).stop) for n in expected} == expected


@given(ATTENTION)
def test_looks_keep_to_what_they_average(values: np.ndarray) -> None:
    found = looks(values)
    assert found.shape == values.shape[3:]
    assert found.dtype == np.float32
    assert (found >= values.min() - 1e-6).all()
    assert (found <= values.max() + 1e-6).all()


@given(ATTENTION, st.randoms(use_true_random=False))
def test_order_of_heads_and_rows_is_nothing(values: np.ndarray, random: Random) -> None:
    heads = list(range(values.shape[1]))
    random.shuffle(heads)
    turned = values[:, heads, ::-1]
    np.testing.assert_allclose(looks(turned), looks(values), atol=1e-6)


def test_looks_by_hand() -> None:
    values = np.ones((2, 2, 1, 2), dtype=np.float32)
    values[1] = [0.25, 0.5]
    np.testing.assert_allclose(looks(values), [0.625, 0.75])


@given(LOOKS)
def test_more_for_one_chunk_is_less_for_another(pair: tuple[np.ndarray, np.ndarray]) -> None:
    asked, unasked = pair
    found = attention(asked, unasked)
    assert found.shape == asked.shape
    assert found.dtype == np.float32
    assert (np.abs(found) <= LARGEST).all()
    assert found.min() <= 1e-5
    assert found.max() >= -1e-5
    np.testing.assert_allclose(attention(unasked, asked), -found, atol=1e-5)


@given(LOOKS, st.sampled_from([0.125, 0.5, 2.0, 64.0]))
def test_what_goes_elsewhere_is_nothing(pair: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    asked, unasked = (np.where(one > 1e-20, one, np.float32(0)) for one in pair)
    scaled = asked * np.float32(factor)
    np.testing.assert_allclose(attention(scaled, unasked), attention(asked, unasked), atol=1e-5)


def test_the_reading_by_hand() -> None:
    asked = np.array([0.03, 0.01, 0.0, 0.0], dtype=np.float32)
    unasked = np.array([0.01, 0.02, 0.01, 0.0], dtype=np.float32)
    expected = [np.log(0.75 / 0.25), np.log(0.25 / 0.5), -4, 0]
    np.testing.assert_allclose(attention(asked, unasked), expected, rtol=1e-5)
    nothing = np.zeros(4, dtype=np.float32)
    assert (attention(nothing, unasked) == 0).all()
    assert (attention(asked, nothing) == 0).all()


@given(arrays(np.float32, st.integers(1, 9), elements=st.floats(0.0625, 1, width=32)))
def test_the_shares_of_some_chunks_pool(asked: np.ndarray) -> None:
    """Where the content-free question looks at all alike."""
    alike = np.ones_like(asked)
    found = attention(asked, alike)
    assert pooled(found.tolist()) == pytest.approx(0, abs=1e-5)
    some = found[::2].tolist()
    anew = attention(asked[::2], alike[::2])
    np.testing.assert_allclose([one - pooled(some) for one in some], anew, atol=1e-5)


def test_nothing_is_not_pooled() -> None:
    with pytest.raises(InputError, match="nothing to pool"):
        pooled([])


def test_looks_at_other_chunks_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        attention(np.ones(2, dtype=np.float32), np.ones(3, dtype=np.float32))


@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 2, 1, 1), (2, 2, 1, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="layers by heads"):
        looks(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_what_is_no_attention_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        attention(np.ones(2, dtype=np.float32), np.array([0.5, value], dtype=np.float32))


def test_no_layers_are_refused() -> None:
    with pytest.raises(InputError, match="0 layers"):
        middle_layers(0)
