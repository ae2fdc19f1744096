"""Whether an answer is right: SQuAD's normalisation, exact match, token F1, whole-token matching.

The rules are those of SQuAD's official script, version 2.0 (Rajpurkar et al., "Know What You
Don't Know", ACL 2018): punctuation is ASCII's and leaves nothing behind, so that ``U.S.`` is
``us``, ``45,495`` holds no ``495``, and ``30-71-88`` differs from ``30 71 88``; accents and
typographic quotes and dashes stay as they are. Other spellings belong among a question's
accepted answers.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

__all__ = ["contains", "contains_any", "exact_match", "normalise", "token_f1"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, articles or extra blanks, in this order.

    Source: ``normalize_answer`` of SQuAD's script.
    """
    plain = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(text: str, answers: Iterable[str]) -> bool:
    """Whether the text is one of the answers, both normalised.

    Answers that normalise to nothing do not count; where none counts, the right text is the
    empty one, as for SQuAD's questions without an answer.
    Source: ``compute_exact`` of SQuAD's script.
    """
    return normalise(text) in _accepted(answers)


def token_f1(text: str, answers: Iterable[str]) -> float:
    """How many normalised tokens the text shares with the answer that it fits best.

    Formula: ``max over answers of 2 P R / (P + R)``, P and R the shares of the text's and of
    the answer's tokens that both have, a repeated token as often as both repeat it
    Range: 0 to 1; with an empty side 1 if both are, else 0
    Source: ``compute_f1`` of SQuAD's script; answers count as in :func:`exact_match`
    """
    said = normalise(text).split()
    return max(_f1(said, answer.split()) for answer in _accepted(answers))


def contains(text: str, answer: str) -> bool:
    """Whether the normalised answer stands in the normalised text, as whole tokens in sequence.

    An answer that normalises to nothing is in no text.
    """
    wanted = normalise(answer)
    return bool(wanted) and f" {wanted} " in f" {normalise(text)} "


def contains_any(text: str, answers: Iterable[str]) -> bool:
    """Whether any of the answers stands in the text."""
    return any(contains(text, answer) for answer in answers)


def _accepted(answers: Iterable[str]) -> list[str]:
    return [wanted for wanted in map(normalise, answers) if wanted] or [""]


def _f1(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))
