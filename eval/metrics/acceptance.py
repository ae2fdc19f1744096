"""Whether the right chunks were let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from overlay.labelled.items import Kind
from selector.statistics.arrays import BoolArray, check_lengths, flags

__all__ = ["Acceptance", "acceptance"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of labelled chunks; None where there is nothing to take a share of.

    Attributes:
        precision: share of helpful ones among the accepted.
        recall: share of accepted ones among the helpful.
        harmful_accepted: share of accepted ones among the harmful (:attr:`Kind.harmful`).
        by_kind: share of accepted ones, for each kind that there is.
    """

    precision: float | None
    recall: float | None
    harmful_accepted: float | None
    by_kind: dict[Kind, float]


def acceptance(kinds: Sequence[Kind], accepted: ArrayLike) -> Acceptance:
    """Precision and recall of acceptance over the chunks of all questions.

    Formula: ``|helpful & accepted| / |accepted|``, ``|helpful & accepted| / |helpful|`` and
    ``|harmful & accepted| / |harmful|``
    Range: 0 to 1 each
    Source: the usual definitions, micro-averaged: chunks are pooled, so that a question weighs
    as much as it has chunks

    Args:
        kinds: what each chunk is good for. Unknown ones are left out of everything.
        accepted: whether the answer could see the chunk.

    Raises:
        InputError: lengths differ, or there are no chunks.
    """
    taken = flags("accepted", accepted)
    check_lengths(kinds=kinds, accepted=taken)
    known = np.array([kind is not Kind.UNKNOWN for kind in kinds])
    helpful = np.array([kind is Kind.HELPFUL for kind in kinds])
    harmful = np.array([kind.harmful for kind in kinds])
    return Acceptance(
        precision=_share(helpful, taken & known),
        recall=_share(taken, helpful),
        harmful_accepted=_share(taken, harmful),
        by_kind={
            kind: float(taken[[k is kind for k in kinds]].mean()) for kind in Kind if kind in kinds
        },
    )


def _share(of: BoolArray, among: BoolArray) -> float | None:
    return float(of[among].mean()) if among.any() else None
