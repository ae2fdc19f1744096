"""How well instructions are told by their wording, of kinds that were not fitted on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut

from overlay.instructions.examples import Piece, pieces_of_examples
from overlay.instructions.fit import fit
from overlay.instructions.wording import CUT

__all__ = ["WordingQuality", "wording_quality"]

_MISTAKEN = 0.125
"""Share of plain passages of a kind left out that lie above the cut. Most of them tell somebody
what to do; of passages of other collections, hardly any lie there (docs/elsewhere.md)."""


@dataclass(frozen=True, slots=True)
class WordingQuality:
    """What is said of a family of attacks, or a kind of passages, by all others.

    Attributes:
        cut: the score above which one plain passage in eight lies: where
            :data:`overlay.instructions.wording.CUT` belongs.
        auroc: of attacks against plain sentences.
        told: by family, the share of its attacks that are told.
        mistaken: by kind, the share of its passages that are taken for instructions.
    """

    cut: float
    auroc: float
    told: dict[str, float]
    mistaken: dict[str, float]


def wording_quality() -> WordingQuality:
    """Fit anew without each family and each kind, and read it."""
    read = pieces_of_examples()
    truth = [one.instructs for one in read]
    scores = _scores(read)
    highest: dict[tuple[str, int, bool], float] = {}
    for one, score in zip(read, scores, strict=True):
        key = (one.kind, one.example, one.instructs)
        highest[key] = max(score, highest.get(key, score))
    plain = [score for (_, _, instructs), score in highest.items() if not instructs]
    return WordingQuality(
        float(np.quantile(plain, 1 - _MISTAKEN)),
        float(roc_auc_score(truth, scores)),
        _over_cut(highest, instructs=True),
        _over_cut(highest, instructs=False),
    )


def _scores(read: Sequence[Piece]) -> list[float]:
    """Of each piece, by what was fitted without its kind."""
    scores = [0.0] * len(read)
    for others, own in LeaveOneGroupOut().split(read, groups=[one.kind for one in read]):
        weights = fit([read[place] for place in others])
        for place in own:
            scores[place] = weights.score(read[place].text)
    return scores


def _over_cut(
    highest: Mapping[tuple[str, int, bool], float], *, instructs: bool
) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for (kind, _, own), score in highest.items():
        if own is instructs:
            found[kind].append(float(score > CUT))
    return {kind: float(np.mean(values)) for kind, values in found.items()}
