"""A reading: all probe values of one chunk."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the probes say of one chunk, alone, against the baseline without context.

    A value is None where it could not be computed; ``unavailable`` then says why, by the
    value's name. Units and ranges are those of the probe functions. The hidden drifts have one
    value a layer.
    """

    hidden_drift: tuple[float, ...] | None
    hidden_l2: tuple[float, ...] | None
    hidden_standardised: tuple[float, ...] | None
    logit_drift: float
    kl_divergence: float
    rank_change: float
    entropy_drop: float
    information_gain: float
    question_gain: float
    support_max: float | None
    support_mean: float | None
    conflict_loss: float | None
    unavailable: dict[str, str] = field(default_factory=dict)
