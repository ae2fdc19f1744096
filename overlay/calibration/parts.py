"""The sets of chunks that a question may come with: all of them, or those of one sort."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np

from overlay.calibration.observe import Observed
from probes.attention import LARGEST, pooled

__all__ = ["Part", "parts"]


class Part(StrEnum):
    """Which chunks of a question stand side by side.

    A reader may retrieve none but good chunks, or none but bad ones. Weights that were fitted on
    mixtures only know a helpful chunk by what is worse beside it.
    """

    ALL = "all"
    HELPFUL = "helpful only"
    OTHERS = "others only"


def parts(one: Observed) -> dict[Part, Observed]:
    """A question's chunks, and those of each sort by themselves where there are both.

    No other reading is needed: those that are left share the look anew, see
    :func:`probes.attention.pooled`.
    """
    helpful = np.asarray(one.helpful, dtype=bool)
    found = {Part.ALL: one}
    if helpful.any() and not helpful.all():
        found[Part.HELPFUL] = _choose(one, np.flatnonzero(helpful).tolist())
        found[Part.OTHERS] = _choose(one, np.flatnonzero(~helpful).tolist())
    return found


def _choose(one: Observed, places: list[int]) -> Observed:
    return replace(
        one,
        kinds=tuple(one.kinds[n] for n in places),
        helpful=tuple(one.helpful[n] for n in places),
        similarities=None
        if one.similarities is None
        else tuple(one.similarities[n] for n in places),
        attentions=None if one.attentions is None else _anew([one.attentions[n] for n in places]),
        states=None if one.states is None else one.states[places],
    )


def _anew(attentions: list[float]) -> tuple[float, ...]:
    mean = pooled(attentions)
    return tuple(float(np.clip(one - mean, -LARGEST, LARGEST)) for one in attentions)
