"""Where the model looks: what the place where the answer begins attends to, chunk by chunk.

What a model attends to comes from :meth:`probes.protocol.Model.attend`.
"""

from __future__ import annotations

import numpy as np

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["looks", "middle_layers", "share"]


def middle_layers(layers: int) -> slice:
    """The middle third of ``layers`` layers, at least one, the same number left out at both ends.

    Over depth, what attention says of passages is a bell, so this window needs no labels: see
    arXiv 2602.22591.

    Raises:
        InputError: there are no layers.
    """
    if layers < 1:
        raise InputError(f"{layers} layers", param="layers")
    return slice(layers // 3, layers - layers // 3)


def looks(attention: FloatArray) -> FloatArray:
    """How much of its attention the model gives to each span, in its middle layers.

    Formula: ``mean over rows, heads and the middle third of the layers of a[l, h, r, s]``
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
    middle = attention[middle_layers(len(attention))]
    return np.asarray(middle.mean(axis=(0, 1, 2), dtype=np.float64), dtype=np.float32)


def share(looked: FloatArray) -> FloatArray:
    """The share of what the model's look pays to all spans that goes to each.

    Formula: ``looks_s / sum over spans of looks``; 0 for all where none is looked at
    Unit: none, a share
    Range: 0 to 1; the shares of all spans add up to 1, or are all 0
    Source: this project, of ICR's sums, arXiv 2410.02642
    Needs: attention; both backends

    Long chunks draw more than short ones, and the first and the last more than those between: read
    it beside the chunk's length and place.

    Args:
        looked: ``[spans]`` as :func:`looks` gives it, none negative.

    Returns:
        ``[spans]``.

    Raises:
        InputError: a number is negative, or not finite.
    """
    if not (np.isfinite(looked) & (looked >= 0)).all():
        raise InputError("attention is finite and not negative", param="looked")
    values = looked.astype(np.float64)
    largest = values.max(initial=0.0)
    if largest == 0.0:
        return np.zeros_like(looked)
    scaled = values / largest  # so that tiny values do not vanish in the sum
    return np.asarray(scaled / scaled.sum(), dtype=np.float32)
