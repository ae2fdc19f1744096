"""Guesses the next token of a text that repeats what it said, or what stands in its prompt."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["guess_next"]

_LONGEST = 2


def guess_next(tokens: Sequence[int]) -> int | None:
    """What followed when the last two tokens were said last, or else the last one.

    Source: A. Saxena, Prompt Lookup Decoding, 2023, github.com/apoorvumang/prompt-lookup-decoding

    Returns:
        None if the last token stands nowhere before.
    """
    for size in range(min(_LONGEST, len(tokens) - 1), 0, -1):
        said = list(tokens[-size:])
        for start in range(len(tokens) - size - 1, -1, -1):
            if tokens[start] == said[0] and list(tokens[start : start + size]) == said:
                return tokens[start + size]
    return None
