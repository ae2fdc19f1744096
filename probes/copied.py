"""How much of an answer stands in what the model was given to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import fmean

__all__ = ["backing", "consensus", "copied_share"]

_WORD = re.compile(r"\w+")
_PIECE = 4
"""Characters: long enough to tell words, short enough to know them in another form."""
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
    said = _said(answer, question)
    return len(said.intersection(*map(_words, texts))) / len(said) if said else 0.0


def backing(answer: str, question: str, sentences: Sequence[str]) -> float:
    """How far one sentence says what the answer says, and what the question asks.

    Formula: ``max_s |A and S| / |A| * 2 |Q and P_s| / (|Q| + |P_s|)``, with the content words
        ``A`` of the answer that the question lacks, the words ``S`` of the sentence, and the pieces
        of four characters ``Q`` and ``P_s`` of question and sentence
    Unit: share of words, times a share of pieces
    Range: 0 to 1; 0 where the answer says nothing of its own
    Source: the second factor is the coefficient of Dice, 1945, Ecology 26(3), on pieces of words
        as in the approximate matching of strings, Ukkonen, 1992, doi 10.1016/0304-3975(92)90143-4
    Needs: texts only; both backends

    An answer can be copied from a wrong sentence as surely as from the right one: what tells is
    whether the sentence is about what was asked.

    Args:
        sentences: of what the model was given to read.
    """
    said, asked = _said(answer, question), _pieces(question)
    if not said:
        return 0.0
    found = [(_words(sentence), _pieces(sentence)) for sentence in sentences]
    return max(
        (
            len(said & words) / len(said) * 2 * len(asked & own) / (len(asked) + len(own))
            for words, own in found
            if asked or own
        ),
        default=0.0,
    )


def consensus(answer: str, question: str, others: Sequence[str]) -> float:
    """How much of what an answer says is said by answers to the same question from other contexts.

    Formula: the mean over the others of :func:`copied_share`, with each as the text
    Unit: share of words
    Range: 0 to 1; 0 where the answer says nothing of its own
    Source: self-consistency, Wang et al., 2022, arXiv 2203.11171, as a measure of doubt in
        SelfCheckGPT, Manakul et al., 2023, arXiv 2303.08896, section 5.3; here of other contexts in
        place of other draws
    Needs: texts only; both backends

    Args:
        others: the first tokens of the other answers, at least one.
    """
    return fmean(copied_share(answer, question, other) for other in others)


def _said(answer: str, question: str) -> set[str]:
    """The content words of an answer that the question lacks."""
    return {
        word
        for word in _words(answer) - _words(question)
        if len(word) > _LONGEST_FUNCTION_WORD or any(character.isdigit() for character in word)
    }


def _pieces(text: str) -> set[str]:
    """Runs of characters across its words, which a blank parts and surrounds."""
    spaced = f" {' '.join(_WORD.findall(text.casefold()))} "
    return {spaced[start : start + _PIECE] for start in range(len(spaced) - _PIECE + 1)}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
