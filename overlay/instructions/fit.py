"""Fit what tells an instruction by its words. Importing scikit-learn takes seconds."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from overlay.instructions.examples import Piece, pieces_of_examples
from overlay.instructions.terms import TermWeights, terms

__all__ = ["fit", "fit_examples"]

_DIGITS = 5
"""Of a coefficient, behind the point."""


def fit_examples() -> TermWeights:
    """What the project's own examples say."""
    return fit(pieces_of_examples())


def fit(read: Sequence[Piece]) -> TermWeights:
    """A logistic regression of the terms of pieces that instruct, and of others."""
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True)
    values = vectorizer.fit_transform([one.text for one in read])
    fitted = LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear")
    fitted.fit(values, [one.instructs for one in read])
    names = vectorizer.get_feature_names_out()
    held = (values > 0).sum(axis=0).A1
    weights = zip(names, held, fitted.coef_[0], strict=True)
    return TermWeights(
        documents=len(read),
        intercept=round(float(fitted.intercept_[0]), _DIGITS),
        terms={str(name): (int(n), round(float(w), _DIGITS)) for name, n, w in weights},
    )
