"""What an answer shows of being right, as a journal keeps it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from selector.signs import Signs

__all__ = ["NUMBERS", "KeptSigns", "keep", "restore"]

NUMBERS = ("log_prob", "copied", "gain", "volatility", "backing", "chunks")
"""Of :class:`selector.signs.Signs`, and the weights of these names in an index."""
_KEPT = np.dtype("<f2")


@dataclass(frozen=True, slots=True)
class KeptSigns:
    """Plain data.

    Attributes:
        log_prob, copied, gain, volatility, backing, chunks: see :class:`selector.signs.Signs`.
        state: likewise, as base64 of half-precision numbers: an eighth of what digits would take.
    """

    log_prob: float
    copied: float
    gain: float
    volatility: float
    backing: float
    chunks: int
    state: str | None


def keep(signs: Signs | None) -> KeptSigns | None:
    """The signs as plain data; None of none."""
    if signs is None:
        return None
    kept = None
    if signs.state is not None:
        kept = base64.b64encode(signs.state.astype(_KEPT).tobytes()).decode("ascii")
    numbers = {name: getattr(signs, name) for name in NUMBERS}
    return KeptSigns(**numbers, state=kept)


def restore(kept: KeptSigns) -> Signs:
    """The opposite of :func:`keep`, but for what half precision leaves out."""
    state = None
    if kept.state is not None:
        state = np.frombuffer(base64.b64decode(kept.state), _KEPT).astype(np.float32)
    return Signs(**{name: getattr(kept, name) for name in NUMBERS}, state=state)
