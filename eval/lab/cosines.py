"""Cosines of questions and their passages by two embedders, and the line between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from overlay.errors import InputError

if TYPE_CHECKING:
    from overlay.labelled.items import Item
    from overlay.views.text_table import Table
    from retriever import Embedder
    from retriever.similarity_scale import SimilarityScale

__all__ = ["Cosines", "cosines", "fit", "scale_table"]

_Floats = npt.NDArray[np.float64]
_QUARTILES = (25, 50, 75)


@dataclass(frozen=True, slots=True)
class Cosines:
    """Of questions and their passages by one embedder, in the order of the files."""

    helpful: _Floats
    other: _Floats

    @property
    def medians(self) -> tuple[float, float]:
        """Of helpful passages, and of the others."""
        return float(np.median(self.helpful)), float(np.median(self.other))

    def auroc(self) -> float:
        """The chance that a helpful passage is nearer to its question than another to its own."""
        from sklearn.metrics import roc_auc_score

        truth = [1] * len(self.helpful) + [0] * len(self.other)
        return float(roc_auc_score(truth, np.concatenate([self.helpful, self.other])))


def cosines(items: Sequence[Item], embedder: Embedder) -> Cosines:
    """The plain cosines of all passages whose kind is known, whatever the embedder's scale."""
    from overlay.cli.progress import track
    from overlay.labelled.items import Kind

    helpful: list[float] = []
    other: list[float] = []
    for item in track(items, f"embedding with {embedder.name}"):
        passages = [one for one in item.passages if one.kind is not Kind.UNKNOWN]
        if not passages:
            continue
        [asked] = embedder.embed_questions([item.question])
        vectors = embedder.embed([one.text for one in passages])
        for one, cosine in zip(passages, vectors @ asked, strict=True):
            (helpful if one.kind is Kind.HELPFUL else other).append(float(cosine))
    return Cosines(np.asarray(helpful), np.asarray(other))


def fit(own: Cosines, theirs: Cosines, of: str) -> SimilarityScale:
    """The line from the one's medians to the other's.

    Args:
        of: the setting that names the other.

    Raises:
        InputError: there are no helpful passages or no others, or an embedder cannot tell them
            apart.
    """
    from retriever.similarity_scale import fit_scale

    if not own.helpful.size or not own.other.size:
        raise InputError(
            "the files hold no helpful passages, or no others",
            hint="label them: `kind` is gold for those that help",
            param="files",
        )
    try:
        return fit_scale(of, own.medians, theirs.medians)
    except ValueError as error:
        raise InputError(
            f"helpful passages are not more similar than others here: {error}", param="files"
        ) from error


def scale_table(own: Cosines, theirs: Cosines, scale: SimilarityScale) -> Table:
    """Quartiles of either kind by both embedders, and on the scale."""
    from overlay.views.text_table import Table

    read = Cosines(*(np.vectorize(scale.read)(one) for one in (own.helpful, own.other)))
    ways = (("cosine", own), ("similarity, on the scale", read), (f"cosine of {scale.of}", theirs))
    rows = [
        (
            name,
            *(f"{np.percentile(one.helpful, q):.3f}" for q in _QUARTILES),
            *(f"{np.percentile(one.other, q):.3f}" for q in _QUARTILES),
            f"{one.auroc():.3f}",
        )
        for name, one in ways
    ]
    quartiles = ("first quartile", "median", "third quartile")
    return Table(
        "Similarity scale",
        f"similarity = {scale.slope:.4f} cosine {scale.offset:+.4f}, from {len(own.helpful)} "
        f"helpful passages and {len(own.other)} others. AUROC: of helpful against other passages, "
        "over all questions together.",
        ("", *(f"helpful, {q}" for q in quartiles), *(f"other, {q}" for q in quartiles), "AUROC"),
        tuple(rows),
    )
