"""How much of an answer stands in what the model was given to read."""

from __future__ import annotations

import re

__all__ = ["copied_share"]

_WORD = re.compile(r"\w+")
_LONGEST_FUNCTION_WORD = 3
"""Characters: words up to here say little, unless they hold a digit. No list of any language."""


def copied_share(answer: str, question: str, *texts: str) -> float:
    """How much of what the answer says beyond the question stands in every one of some texts.

    Formula: ``|A and C_1 and ... C_n| / |A|``, with the content words ``A`` of the answer that the
        question lacks, and the words ``C_i`` of the texts; 0 where the answer has none such
    Unit: share of words
    Range: 0 to 1
    Source: the abstractive counterpart of extractive fragment coverage, Grusky, Naaman & Artzi,
        2018, arXiv 1804.11283, eq. 1, on sets of words
    Needs: texts only; both backends

    A content word has more than three characters, or a digit. Case does not matter.

    Args:
        texts: the accepted chunks as one text, empty where there are none; or one of them and what
            the model would answer under it alone: the words that it copies either way.
    """
    said = {
        word
        for word in _words(answer) - _words(question)
        if len(word) > _LONGEST_FUNCTION_WORD or any(character.isdigit() for character in word)
    }
    return len(said.intersection(*map(_words, texts))) / len(said) if said else 0.0


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
