"""Path ratio: how much of the way that a trajectory went was a detour."""

from __future__ import annotations

import math
from collections.abc import Sequence

from overlay.errors import InputError

__all__ = ["path_ratio"]


def path_ratio(step_drifts: Sequence[float], net_drift: float) -> float | None:
    """Length of a trajectory over the distance from its start to its end.

    Formula: ``sum_s sqrt(d_s) / sqrt(d)`` with ``d_s`` the logit drift of step s and ``d`` that
        from the first state to the last
    Unit: none
    Range: at least 1, up to rounding; 1 for a straight way; none where the end is the start
    Source: this project; the square root of the Jensen-Shannon divergence is a metric (Endres
        and Schindelin, 2003, IEEE Trans. Inf. Theory 49(7))
    Needs: log-probabilities; both backends

    The root is taken of the drift averaged over the window. That is a metric too: the root
    mean square of one metric per position. Without the root there is no triangle inequality,
    and the ratio could fall below 1.

    Args:
        step_drifts: logit drift of each step, bits.
        net_drift: logit drift from before the first step to after the last, bits.

    Returns:
        The ratio; None where ``net_drift`` is 0.

    Raises:
        InputError: a drift is negative or not a number, or there is a net drift without steps.
    """
    drifts = [*step_drifts, net_drift]
    if not all(math.isfinite(drift) and drift >= 0 for drift in drifts):
        raise InputError("a logit drift is a number of at least 0", param="step_drifts")
    if net_drift == 0:
        return None
    if not step_drifts:
        raise InputError(f"a net drift of {net_drift} bits without a step", param="step_drifts")
    return math.fsum(math.sqrt(drift) for drift in step_drifts) / math.sqrt(net_drift)
