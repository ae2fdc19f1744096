"""Sentences of a text, and the tokens that each one takes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

__all__ = ["sentence_spans", "split_sentences"]


def split_sentences(text: str, language: str = "en") -> list[str]:
    """The sentences of a text with the white space behind them: joined, they are the text.

    Args:
        language: ISO 639-1 code of the rules for abbreviations and the like.
    """
    import sentencex  # needed for probing only

    sentences: list[str] = []
    for piece in sentencex.segment(language, text):
        if sentences and not piece.strip():
            sentences[-1] += piece
        else:
            sentences.append(piece)
    return sentences


def sentence_spans(
    sentences: Sequence[str], pieces: Sequence[bytes]
) -> list[tuple[str, tuple[int, int]]]:
    """Which tokens belong to which sentence.

    A token belongs to the sentence that holds its last byte: models put the blank before a word
    into the word's token.

    Args:
        sentences: what :func:`split_sentences` returns.
        pieces: the bytes of the text's tokens, in order; what lies behind the text belongs to
            the last sentence.

    Returns:
        Each sentence that has a token, stripped, with the span ``(start, stop)`` of its tokens.
    """
    ends = list(accumulate(len(sentence.encode()) for sentence in sentences))
    owners = [
        min(bisect_right(ends, end - 1), len(sentences) - 1)
        for end in accumulate(len(piece) for piece in pieces)
    ]
    return [
        (sentence.strip(), (owners.index(index), len(owners) - owners[::-1].index(index)))
        for index, sentence in enumerate(sentences)
        if index in owners
    ]
