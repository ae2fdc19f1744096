"""Whether an answer is right by SQuAD's measures: exact match and token F1.

The rules are those of SQuAD's official script, see :mod:`overlay.labelled.matching`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from overlay.labelled.matching import normalise

__all__ = ["exact_match", "token_f1"]


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


def _accepted(answers: Iterable[str]) -> list[str]:
    return [wanted for wanted in map(normalise, answers) if wanted] or [""]


def _f1(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))
