"""Plain thresholds per model: the scales on which readings are judged.

A reading's value ``x`` becomes evidence through ``sigmoid((x - centre) / width)``. Centre is the
median of that reading over labelled questions, width two thirds of its interquartile range, so
that the quartiles of what the model usually shows lie at 0.32 and 0.68. ``overlay scales``
measures them; the files beside this module are its output, one a model. No value means
anything on another model's scale, but for want of a better one a model without a file is judged
on the scales of the packaged default.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from overlay.errors import InputError

__all__ = ["SCALES", "Scale", "Thresholds", "load_thresholds", "thresholds_for"]

_DEFAULT = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"  # smollm2
SCALES = (
    "entropy_drop",
    "information_gain",
    "support_max",
    "logit_drift",
    "hidden_drift",
    "conflict_loss",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a reading is worth 0.5, and how many of its units take it to 0.73."""

    centre: float
    width: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scales of one model, and two limits.

    Attributes:
        entropy_drop, information_gain, support_max: scales of utility.
        logit_drift, hidden_drift, conflict_loss: scales of volatility.
        evidence: utility that at least one accepted chunk must reach for an answer from context.
        confidence: mean log-probability, in nats per token, from which on a draft without
            context counts as known.
    """

    entropy_drop: Scale
    information_gain: Scale
    support_max: Scale
    logit_drift: Scale
    hidden_drift: Scale
    conflict_loss: Scale
    evidence: float
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as it stands in a thresholds file."""
        return asdict(self)


def thresholds_for(sha256: str) -> Thresholds:
    """The shipped thresholds of a model file, or the default model's where it has none."""
    return _shipped(sha256) or _shipped(_DEFAULT)  # type: ignore[return-value]  # the default is shipped


def load_thresholds(path: Path) -> Thresholds:
    """Read a file that ``overlay scales`` wrote.

    Raises:
        InputError: it is missing or not such a file.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no thresholds file: {error}",
            hint="`overlay scales` makes one",
            param="thresholds",
        ) from error


@cache
def _shipped(sha256: str) -> Thresholds | None:
    file = files("selector") / "data" / f"{sha256}.json"
    return _parse(file.read_text(encoding="utf-8")) if file.is_file() else None


def _parse(text: str) -> Thresholds:
    values = json.loads(text)["thresholds"]
    scales = {name: Scale(**values[name]) for name in SCALES}
    return Thresholds(**scales, evidence=values["evidence"], confidence=values["confidence"])
