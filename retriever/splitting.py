"""A stretch of text without blocks, cut at blank lines, lines, sentences and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from retriever.sizes import Sizes

__all__ = ["ends_whole", "split_stretch", "unwrap"]

_WINDOW = 4  # times the longest piece: the splitter's time is not linear in what it is given
_REMEMBERED = 256  # sizes of pieces that were tried last
_LINE_END = "\u205f"  # a rare space, in place of one in a sentence
_WRAPPED = re.compile(
    r"(?<=[^\n]{40})\n(?=[ \t]{0,8}(?:> ?)*[\w\"'\u201c\u2018\u00ab(\[*$\u20ac])"  # a full line
    r"|\n(?=[ \t]{0,8}(?:> ?)*[a-zß-öø-ÿа-я])"
)
_SENTENCE_END = re.compile(
    r"[.!?\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u104b\u1362\u17d4]"
    r"[\"'\u201d\u2019)\]\u300d\u300f\uff09\u3011\u300b]*\s*\Z"
)


def unwrap(text: str) -> str:
    """Prose without the line ends in its sentences; of the same length."""
    return _WRAPPED.sub(_LINE_END, text)


def ends_whole(text: str, end: int) -> bool:
    """Whether ``text[:end]`` ends with a line or a sentence."""
    tail = text[max(end - 20, 0) : end]
    return end == len(text) or tail.endswith("\n") or bool(_SENTENCE_END.search(tail))


def split_stretch(
    text: str, sizes: Sizes, before: str, after: str, above: str = ""
) -> Iterator[tuple[int, int]]:
    """Offsets of the pieces of ``text``, as large as fit the limit; together they are all of it.

    A piece ends at the best place that it can reach, and nothing that fits is cut for the sake of
    a fuller piece: Unicode's rules tell words and sentences.

    Args:
        text: what to split; prose without its line ends, see :func:`unwrap`.
        sizes: the limit.
        before: what stands above each piece.
        after: what stands below each piece.
        above: what stands above the first one instead.
    """
    from semantic_text_splitter import TextSplitter  # only to ingest

    window = ""
    start = 0
    measure = lru_cache(_REMEMBERED)(sizes.of)

    def size(part: str) -> int:
        prefix = above if start == 0 and window.startswith(part) else before
        shown = part.rstrip().replace(_LINE_END, "\n")
        return measure(prefix + shown + after)

    splitter = TextSplitter.from_callback(size, sizes.limit, trim=False)
    length = _WINDOW * sizes.reach
    while start < len(text):
        window = text[start : start + length]
        pieces = splitter.chunks(window)
        if start + length < len(text) and len(pieces) > 1:
            pieces.pop()  # it may go on behind the window
        for piece in pieces:
            fitting = piece
            while len(fitting) > 1 and size(fitting) > sizes.limit:  # it errs at times
                fitting = TextSplitter(len(fitting) // 2, trim=False).chunks(fitting)[0]
            yield start, start + len(fitting)
            start += len(fitting)
            if fitting != piece:
                break
