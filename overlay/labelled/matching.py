"""Whether an accepted answer stands in a text: SQuAD's normalisation, whole-token matching.

The rules are those of SQuAD's official script, version 2.0 (Rajpurkar et al., "Know What You
Don't Know", ACL 2018): punctuation is ASCII's and leaves nothing behind, so that ``U.S.`` is
``us``, ``45,495`` holds no ``495``, and ``30-71-88`` differs from ``30 71 88``; accents and
typographic quotes and dashes stay as they are. Other spellings belong among a question's
accepted answers.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

__all__ = ["contains", "contains_any", "normalise"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, articles or extra blanks, in this order.

    Source: ``normalize_answer`` of SQuAD's script.
    """
    plain = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def contains(text: str, answer: str) -> bool:
    """Whether the normalised answer stands in the normalised text, as whole tokens in sequence.

    An answer that normalises to nothing is in no text.
    """
    wanted = normalise(answer)
    return bool(wanted) and f" {wanted} " in f" {normalise(text)} "


def contains_any(text: str, answers: Iterable[str]) -> bool:
    """Whether any of the answers stands in the text."""
    return any(contains(text, answer) for answer in answers)
