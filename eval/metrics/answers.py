"""Whether an answer is right: normalised text and whole-token matching."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["contains", "contains_any", "normalise"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_APOSTROPHES = re.compile("['\u2019]")
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def normalise(text: str) -> str:
    """Lower case, no accents, punctuation, articles or extra blanks.

    After SQuAD's evaluation script (Rajpurkar et al., 2016), but punctuation becomes a blank,
    so that ``30-71-88`` and ``30 71 88`` agree; apostrophes go, so that ``Orm's`` stays a word.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = _PUNCTUATION.sub(" ", _APOSTROPHES.sub("", plain.lower()))
    return " ".join(_ARTICLES.sub(" ", plain).split())


def contains(text: str, answer: str) -> bool:
    """Whether the normalised answer stands in the normalised text, as whole tokens.

    An answer that normalises to nothing is in no text.
    """
    wanted = normalise(answer)
    return bool(wanted) and f" {wanted} " in f" {normalise(text)} "


def contains_any(text: str, answers: Iterable[str]) -> bool:
    """Whether any of the answers stands in the text."""
    return any(contains(text, answer) for answer in answers)
