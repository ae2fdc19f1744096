"""Dispersion: how far the variants of a context scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from overlay.errors import InputError

__all__ = ["dispersion"]


def dispersion(drifts: Sequence[float]) -> float:
    """Root mean square of the drifts of the variants from the context as given.

    Formula: ``sqrt(mean_v d_v**2)`` with ``d_v`` the logit drift of variant v
    Unit: bits per token, as the logit drift
    Range: 0 to 1; between the mean and the largest of the drifts
    Source: this project
    Needs: log-probabilities; both backends

    Returns:
        Bits per token.

    Raises:
        InputError: there is no drift, or one is negative or not a number.
    """
    if not drifts:
        raise InputError("dispersion needs at least one variant", param="drifts")
    if not all(math.isfinite(drift) and drift >= 0 for drift in drifts):
        raise InputError("a logit drift is a number of at least 0", param="drifts")
    return math.sqrt(math.fsum(drift**2 for drift in drifts) / len(drifts))
