"""Gradient norms and gradient times input: hand-computed values and properties."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probes.protocol import Gradient
from probes.token_grad import gradient_times_input, token_grad

HAND = Gradient(
    log_prob=-2.0,
    embeddings=np.array([[1.0, 2.0], [-0.5, 1.0], [7.0, 7.0]], dtype=np.float32),
    gradient=np.array([[3.0, -4.0], [-2.0, 0.0], [0.0, 0.0]], dtype=np.float32),
)
FLOATS = st.floats(-100, 100, width=32)


@st.composite
def gradients(draw: st.DrawFn) -> Gradient:
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 4)))
    embeddings = draw(arrays(np.float32, shape, elements=FLOATS))
    return Gradient(-1.0, embeddings, draw(arrays(np.float32, shape, elements=FLOATS)))


def test_by_hand() -> None:
    np.testing.assert_allclose(token_grad(HAND), [5.0, 2.0, 0.0])
    np.testing.assert_allclose(gradient_times_input(HAND), [3.0 - 8.0, 1.0, 0.0])


@given(gradients())
def test_norms_ignore_the_sign_and_products_follow_it(gradient: Gradient) -> None:
    norms, products = token_grad(gradient), gradient_times_input(gradient)
    assert norms.shape == products.shape == (len(gradient.gradient),)
    assert np.all(norms >= 0)
    turned = Gradient(gradient.log_prob, gradient.embeddings, -gradient.gradient)
    np.testing.assert_array_equal(token_grad(turned), norms)
    np.testing.assert_array_equal(gradient_times_input(turned), -products)


@given(gradients())
def test_products_are_bounded_by_the_norms(gradient: Gradient) -> None:
    lengths = np.linalg.norm(gradient.embeddings.astype(np.float64), axis=1)
    limit = token_grad(gradient) * lengths
    assert np.all(np.abs(gradient_times_input(gradient)) <= limit * (1 + 1e-9) + 1e-9)


def test_large_gradients_do_not_overflow() -> None:
    large = np.full((1, 2), 3e38, dtype=np.float32)
    assert np.isfinite(token_grad(Gradient(0.0, large, large))).all()
    assert np.isfinite(gradient_times_input(Gradient(0.0, large, large))).all()
