"""How likely a text is to instruct the model that reads it, by its words alone.

It needs no label, no pass of the model, no embedder and no profile, so that every model has it.
What a model's states tell besides is its own profile's, see :class:`selector.weights.Weights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from overlay.instructions.examples import pieces_of_examples
from overlay.instructions.pieces import pieces, sentences

__all__ = ["CUT", "Wording", "classifier", "own_wording"]

CUT = -0.05
"""Score at which a chance is 0.5: `overlay lab instructions` says where it lies."""


class Wording:
    """Reads the sentences of texts.

    Args:
        fitted: what :func:`classifier` makes, fitted on pieces.
    """

    def __init__(self, fitted: Pipeline) -> None:
        self._fitted = fitted

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
        split = [pieces(sentence) for sentence in own]
        flat = [piece for found in split for piece in found]
        if not flat:
            return [0.0] * len(own)
        scores: NDArray[np.float64] = self._fitted.decision_function(flat)
        left = iter(expit(scores - CUT).tolist())
        return [max((next(left) for _ in found), default=0.0) for found in split]


def classifier() -> Pipeline:
    """A logistic regression of the words of a piece, and of each two in a row; not fitted yet.

    Words are hashed, so that those that no example holds count in a piece's length: one word that
    attacks use, among many that they do not, says little.
    """
    return make_pipeline(
        HashingVectorizer(ngram_range=(1, 2), n_features=2**18, norm=None, alternate_sign=False),
        TfidfTransformer(sublinear_tf=True),
        LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear"),
    )


@cache
def own_wording() -> Wording:
    """Fitted on the project's own examples, which takes a tenth of a second, when first asked."""
    read = pieces_of_examples()
    return Wording(classifier().fit([one.text for one in read], [one.instructs for one in read]))
