"""How likely a text is to instruct the model that reads it, by its words alone.

It needs no label, no pass of the model, no embedder and no profile, so that every model has it.
What a model's states tell besides is its own profile's, see :class:`selector.weights.Weights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from scipy.special import expit

from overlay.instructions.pieces import pieces, sentences
from overlay.instructions.terms import TermWeights, shipped_weights

__all__ = ["CUT", "Wording", "own_wording"]

CUT = -0.09
"""Score at which a chance is 0.5: `overlay lab instructions` says where it lies."""


class Wording:
    """Reads the sentences of texts.

    Args:
        weights: what tells a piece that instructs.
    """

    def __init__(self, weights: TermWeights) -> None:
        self._weights = weights

    def chances(self, texts: Sequence[str]) -> list[float]:
        """How likely each text is to instruct: as its likeliest sentence is; 0 of an empty one.

        Of plain passages of other collections, one in three hundred lies above 0.5.
        """
        return [max(self._of_each(sentences(text)), default=0.0) for text in texts]

    def without(self, text: str, most: float) -> str:
        """The text without its sentences that are likelier than ``most`` to instruct."""
        own = sentences(text)
        kept = zip(own, self._of_each(own), strict=True)
        return "".join(sentence for sentence, chance in kept if chance <= most).strip()

    def _of_each(self, own: Sequence[str]) -> list[float]:
        """The chance of each sentence, as its likeliest piece has it."""
        return [
            max((self._chance(piece) for piece in pieces(sentence)), default=0.0)
            for sentence in own
        ]

    def _chance(self, piece: str) -> float:
        return float(expit(self._weights.score(piece) - CUT))


@cache
def own_wording() -> Wording:
    """By what was fitted on the project's own examples."""
    return Wording(shipped_weights())
