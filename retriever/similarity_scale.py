"""What an embedder's cosine would be by another one, whose similarities a profile weighs.

Embedders crowd their cosines into bands of their own: 0.7 to 0.9 for multilingual-e5, 0 to 0.7 for
all-MiniLM. A profile fitted on the one reads the other wrongly. A scale is fitted by
``overlay lab similarity-scale`` and kept in ``retriever/data``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["OWN_SCALE", "SimilarityScale", "fit_scale", "load_scale"]


@dataclass(frozen=True, slots=True)
class SimilarityScale:
    """A straight line from one embedder's cosine to another's; it never changes an order.

    Attributes:
        of: the setting `embedder` whose similarities it leads to; empty where nothing is changed.
        slope: above 0.
        offset: the similarity that a cosine of 0 has.
    """

    of: str = ""
    slope: float = 1.0
    offset: float = 0.0

    def read(self, cosine: float) -> float:
        """The similarity that a cosine stands for, from -1 to 1."""
        if not self.of:
            return cosine
        return min(max(self.slope * cosine + self.offset, -1.0), 1.0)


OWN_SCALE = SimilarityScale()


def fit_scale(of: str, own: tuple[float, float], theirs: tuple[float, float]) -> SimilarityScale:
    """The line through two points, such as the medians of helpful and of other passages.

    Args:
        of: whose scale it leads to.
        own: two cosines, the larger one first.
        theirs: what the other embedder has in their place, likewise.

    Raises:
        ValueError: either pair does not fall.
    """
    if own[0] <= own[1] or theirs[0] <= theirs[1]:
        raise ValueError(f"the pairs {own} and {theirs} must fall")
    slope = (theirs[0] - theirs[1]) / (own[0] - own[1])
    return SimilarityScale(of, slope, theirs[0] - slope * own[0])


def load_scale(name: str) -> SimilarityScale:
    """The scale that comes with the project for an embedder, by its setting."""
    text = files("retriever").joinpath("data", f"{name}.scale.json").read_text(encoding="utf-8")
    held = json.loads(text)
    return SimilarityScale(held["of"], held["slope"], held["offset"])
