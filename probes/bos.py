"""The token that begins every text, once, whoever writes it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["with_bos"]


def with_bos(
    pieces: Sequence[Sequence[int]], opening: Sequence[int], bos: int | None
) -> list[list[int]]:
    """Tokens of a chat that begin with the opening once, where a template writes it or not.

    Args:
        opening: what stands before every text; empty where nothing does.
        bos: the token that begins a text, where the vocabulary has one.
    """
    first, *others = (list(piece) for piece in pieces)
    while bos is not None and bos >= 0 and first[:2] == [bos, bos]:
        del first[0]
    if opening and first[: len(opening)] != list(opening):
        first = [*opening, *first]
    return [first, *others]
