"""What of a text is read for an instruction: its sentences, and the clauses in them."""

from __future__ import annotations

import re

from overlay.sentences import split_sentences

__all__ = ["pieces", "sentences"]

_CLAUSE = re.compile(r"(?<=[:;!?])[\"'”)\]]*\s+|\s+[\u2013\u2014-]\s+|\n+")
_WORDS = 3
"""A shorter sentence says nothing alone: it belongs to the one before it."""
_LETTERS = 8
"""Where a script has no spaces between words."""


def sentences(text: str) -> list[str]:
    """The sentences of a text with the white space behind them: joined, they are the text."""
    found: list[str] = []
    for sentence in split_sentences(text):
        if found and len(sentence.split()) < _WORDS and len(sentence.strip()) < _LETTERS:
            found[-1] += sentence
        else:
            found.append(sentence)
    return found


def pieces(sentence: str) -> list[str]:
    """A sentence, and its clauses where it has several; none of white space.

    An instruction often ends in a colon and what is to be said, which would hide it.
    """
    whole = " ".join(sentence.split())
    clauses = [" ".join(clause.split()) for clause in _CLAUSE.split(sentence)]
    long = [one for one in clauses if len(one.split()) >= _WORDS or len(one) >= _LETTERS]
    found = [whole, *long] if len(long) > 1 else [whole]
    return [one for one in found if one]
