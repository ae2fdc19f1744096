"""What each word of a piece, and each two in a row, say of whether it instructs."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import pairwise

__all__ = ["TermWeights", "shipped_weights", "terms"]

_WORD = re.compile(r"\b\w\w+\b")
_FILE = "weights.json"


@dataclass(frozen=True, slots=True)
class TermWeights:
    """A logistic regression of the terms of a piece, see :func:`overlay.instructions.fit.fit`.

    Attributes:
        documents: pieces that it was fitted on.
        intercept: the score of a piece without terms.
        terms: of each term that one of them holds, how many hold it, and its coefficient.
    """

    documents: int
    intercept: float
    terms: dict[str, tuple[int, float]]

    def score(self, piece: str) -> float:
        """How far a piece looks like an instruction: log odds.

        Formula: ``b + sum_t w_t x_t / |x|``, ``x_t = (1 + ln n_t)(1 + ln((1 + N) / (1 + N_t)))``
            with n the term's count in the piece, ``N_t`` of N pieces that hold it
        Source: sublinear tf-idf as in scikit-learn's ``TfidfTransformer``

        Terms that no piece held count in the length: one word that attacks use, among many that
        they do not, says little.
        """
        length = total = 0.0
        for term, count in Counter(terms(piece)).items():
            held, weight = self.terms.get(term, (0, 0.0))
            value = (1 + math.log(count)) * (1 + math.log((1 + self.documents) / (1 + held)))
            length += value * value
            total += value * weight
        return self.intercept + (total / math.sqrt(length) if length else 0.0)

    def as_json(self) -> str:
        """What stands in the file: a line a term."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=0) + "\n"


def terms(piece: str) -> list[str]:
    """Its words of two letters and more, in lower case, and each two in a row."""
    words = _WORD.findall(piece.lower())
    return words + [" ".join(pair) for pair in pairwise(words)]


def shipped_weights() -> TermWeights:
    """Fitted on the project's own examples; `overlay lab instructions --weights` writes them."""
    text = (files("overlay.instructions") / "data" / _FILE).read_text(encoding="utf-8")
    read = json.loads(text)
    own = {term: (held, weight) for term, (held, weight) in read["terms"].items()}
    return TermWeights(read["documents"], read["intercept"], own)
