"""TokenGrad: how the log-probability of the answer hangs on each input token's embedding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.protocol import Gradient

__all__ = ["gradient_times_input", "token_grad"]

Float64Array = NDArray[np.float64]


def token_grad(gradient: Gradient) -> Float64Array:
    """Norm of the gradient of the window's log-probability by each token's embedding.

    Formula: ``|d log p / d e_i|``, the Euclidean norm over the width, with ``e_i`` the
        embedding of token i
    Unit: nats per unit of embedding
    Range: at least 0, without upper bound
    Source: Simonyan et al., 2013, arXiv 1312.6034, carried over from pixels to embeddings
    Needs: gradients; transformers only

    How strongly a token could move the answer, whichever way.

    Returns:
        ``[n]``, one a token.
    """
    slopes = gradient.gradient.astype(np.float64)
    return np.asarray(np.linalg.norm(slopes, axis=1), dtype=np.float64)


def gradient_times_input(gradient: Gradient) -> Float64Array:
    """What each token adds to the window's log-probability, to first order.

    Formula: ``sum_d e_i[d] * (d log p / d e_i[d])`` with ``e_i`` the embedding of token i
    Unit: nats
    Range: unbounded; positive where the token speaks for the answer
    Source: Shrikumar et al., 2016, arXiv 1605.01713
    Needs: gradients; transformers only

    Returns:
        ``[n]``, one a token.
    """
    products = gradient.gradient.astype(np.float64) * gradient.embeddings.astype(np.float64)
    return np.asarray(products.sum(axis=1), dtype=np.float64)
