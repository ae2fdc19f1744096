"""Influence: how much of an answer is owed to each part of the context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlay.errors import InputError

__all__ = ["removal", "shares", "sum_over_spans"]

Float64Array = NDArray[np.float64]


def removal(full_log_prob: float, without: ArrayLike) -> Float64Array:
    """What the log-probability of the answer loses when each part is removed.

    Formula: ``log p(answer | all) - log p(answer | all but part i)``
    Unit: nats
    Range: unbounded; positive where the part speaks for the answer
    Source: erasure, after Li et al., 2016, arXiv 1612.08220
    Needs: log-probabilities; both backends

    Parts that say the same stand in for each other: removing one of them loses little.

    Args:
        full_log_prob: log-probability of the answer under everything.
        without: ``[m]`` the same with one part removed, for each part.

    Returns:
        ``[m]``.
    """
    return np.asarray(full_log_prob - np.asarray(without, dtype=np.float64), dtype=np.float64)


def shares(values: ArrayLike) -> Float64Array:
    """Each part's share of the decision, from what each part adds to it.

    Formula: ``max(0, v_i) / sum_j max(0, v_j)``; 0 for all where no value is positive
    Unit: none
    Range: 0 to 1; the shares of all parts add up to 1, or are all 0
    Source: this project
    Needs: log-probabilities by removal, both backends; gradients by gradient, transformers only

    Only what speaks for the answer takes part in the decision: a part that speaks against it
    has a share of 0, and its size changes nobody's share.

    Args:
        values: ``[m]`` what each part adds, as :func:`removal` or gradient times input say it.

    Returns:
        ``[m]``.

    Raises:
        InputError: a value is not finite.
    """
    parts = np.asarray(values, dtype=np.float64)
    if not np.isfinite(parts).all():
        raise InputError("shares need finite values", param="values")
    positive = np.maximum(parts, 0.0)
    largest = positive.max(initial=0.0)
    if largest == 0.0:
        return np.zeros_like(parts)
    scaled = positive / largest  # so that the sum of huge or tiny values stays in range
    return np.asarray(scaled / scaled.sum(), dtype=np.float64)


def sum_over_spans(values: ArrayLike, spans: Sequence[tuple[int, int]]) -> Float64Array:
    """What spans of tokens, such as sentences or chunks, add together.

    Formula: ``sum of v_i`` over ``start <= i < stop``
    Unit: that of the values; nats for gradient times input and integrated gradients
    Range: unbounded; spans that hold every token once add up to the sum of all tokens
    Source: this project
    Needs: gradients; transformers only

    For values that add up. Norms, such as those of :func:`probes.token_grad.token_grad`, and
    removals one token at a time do not.

    Args:
        values: ``[n]`` one a token.
        spans: ``start`` and ``stop`` of each, without ``stop``; an empty span adds 0.

    Returns:
        ``[m]``, one a span.

    Raises:
        InputError: a span runs backwards or lies outside.
    """
    tokens = np.asarray(values, dtype=np.float64)
    for start, stop in spans:
        if not 0 <= start <= stop <= len(tokens):
            raise InputError(
                f"span {start} to {stop} does not fit {len(tokens)} tokens", param="spans"
            )
    return np.array([tokens[start:stop].sum() for start, stop in spans], dtype=np.float64)
