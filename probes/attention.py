"""Where the model looks: how much more the question looks at a chunk than an empty one does.

What a model attends to comes from :meth:`probes.protocol.Model.attend`; :mod:`probes.look` reads
it twice, behind the question and behind one that says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["LARGEST", "attention", "looks", "middle_layers", "pooled"]

LARGEST = 4.0
"""Nats. What is hardly looked at has a share of rounding errors."""


def middle_layers(layers: int) -> slice:
    """The layers from 0.4 to 0.8 of the depth, at least one.

    Over depth, what attention says of passages is a bell whose top lies behind the middle, so this
    window needs no labels: see arXiv 2602.22591.

    Raises:
        InputError: there are no layers.
    """
    if layers < 1:
        raise InputError(f"{layers} layers", param="layers")
    start = 2 * layers // 5
    return slice(start, max(4 * layers // 5, start + 1))


def looks(attention: FloatArray) -> FloatArray:
    """How much of its attention the model gives to each span, in the layers that are given.

    Formula: ``mean over layers, heads and rows of a[l, h, r, s]``, the layers from ``int(0.4 L)``
        to ``int(0.8 L)`` of ``L``, see :func:`middle_layers`
    Unit: none, a share of the attention
    Range: 0 to 1; spans that hold every token once add up to 1, those of chunks to less
    Source: ICR, arXiv 2410.02642, which takes the question's tokens; the middle layers after
        arXiv 2602.22591
    Needs: attention; both backends

    Both ends of the context draw attention for their place (arXiv 2508.05128), and so do words that
    stand in the question, too (arXiv 2602.19969).

    Args:
        attention: ``[layers, heads, rows, spans]`` probabilities, each from 0 to 1, summed over the
            tokens of a span.

    Returns:
        ``[spans]``.

    Raises:
        InputError: the array has another shape, or nothing in it.
    """
    if attention.ndim != 4 or not attention.size:
        raise InputError(
            f"attention is layers by heads by rows by spans, not {attention.shape}",
            param="attention",
        )
    return np.asarray(attention.mean(axis=(0, 1, 2), dtype=np.float64), dtype=np.float32)


def attention(asked: FloatArray, unasked: FloatArray) -> FloatArray:
    """How much more the question looks at each chunk than a content-free question does.

    Formula: ``log((a_i / sum a) / (n_i / sum n))``, cut off at -4 and 4; 0 for all where either
        looks at no chunk
    Unit: nats, a log ratio of shares
    Range: -4 to 4; 0 where the question looks as it would if it said nothing, positive where more
        than the chunk's place and length explain
    Source: ICR, arXiv 2410.02642, which subtracts the content-free look
    Needs: attention; both backends

    The content-free question is "N/A" in the place of the question, behind the same chunks.

    Args:
        asked: ``[chunks]`` what :func:`looks` gives of the question's tokens and those behind it.
        unasked: ``[chunks]`` the same of the content-free question.

    Returns:
        ``[chunks]``.

    Raises:
        InputError: the arrays differ in length, or a number is negative or not finite.
    """
    if asked.ndim != 1 or asked.shape != unasked.shape:
        raise InputError(
            f"attention to {asked.shape} chunks and to {unasked.shape} cannot be compared",
            param="unasked",
        )
    if not all((np.isfinite(one) & (one >= 0)).all() for one in (asked, unasked)):
        raise InputError("attention is finite and not negative", param="asked")
    if not asked.any() or not unasked.any():
        return np.zeros_like(asked)
    with np.errstate(divide="ignore"):
        more, less = (_log_shares(one) for one in (asked, unasked))
    ratio = np.zeros(len(asked))
    # Where neither looks at a chunk, nothing tells of it.
    np.subtract(more, less, out=ratio, where=(asked > 0) | (unasked > 0))
    return np.asarray(np.clip(ratio, -LARGEST, LARGEST), dtype=np.float32)


def pooled(readings: Sequence[float]) -> float:
    """The :func:`attention` of several chunks taken as one.

    Formula: ``log mean_i exp(r_i)``: exact where the content-free question looks at each chunk
        alike. A chunk's reading less this is what it would be were these all the chunks there are.

    Raises:
        InputError: there is no reading.
    """
    if not readings:
        raise InputError("there is nothing to pool", param="readings")
    return float(np.log(np.mean(np.exp(np.asarray(readings, dtype=np.float64)))))


def _log_shares(looked: FloatArray) -> FloatArray:
    values = looked.astype(np.float64)
    values /= values.max()  # so that tiny values do not vanish in the sum
    return np.asarray(np.log(values / values.sum()))
