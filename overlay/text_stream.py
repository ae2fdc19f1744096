"""Tokens to text as they come: whole characters, no leading blanks, nothing of a stop text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["TextStream", "pieces_of"]


class TextStream:
    """Turns token bytes into text and stops at the first stop text.

    Args:
        keep_blanks: keep those at the beginning, where the text goes on from another.

    Attributes:
        stopped: a stop text was met; it is not part of the output.
        tokens: how many pieces were taken in.
    """

    def __init__(self, stop: Sequence[str] = (), *, keep_blanks: bool = False) -> None:
        self._stop = tuple(stop)
        self._keep_blanks = keep_blanks
        self.stopped = False
        self.tokens = 0

    def feed(self, pieces: Iterable[bytes]) -> Iterator[str]:
        """Yield non-empty texts whose concatenation is the output.

        Text that may yet turn out to begin a stop text is held back. Ending early closes
        ``pieces`` with it where that is a generator.
        """
        begun = self._keep_blanks
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        held = ""
        for piece in pieces:
            self.tokens += 1
            held += decoder.decode(piece)
            if not begun:
                held = held.lstrip()
                begun = bool(held)
            cut = self._first_stop(held)
            if cut is not None:
                self.stopped = True
                held = held[:cut]
                break
            keep = self._possible_stop(held)
            if text := held[: len(held) - keep]:
                yield text
                held = held[len(text) :]
        else:
            held += decoder.decode(b"", final=True)
        if held:
            yield held

    def _first_stop(self, text: str) -> int | None:
        places = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        return min(places, default=None)

    def _possible_stop(self, text: str) -> int:
        """Length of the longest end of ``text`` that begins a stop text."""
        longest = 0
        for stop in self._stop:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if stop.startswith(text[-length:]):
                    longest = length
                    break
        return longest


def pieces_of(pieces: Sequence[bytes], text: str) -> list[bytes]:
    """What of the pieces stands in the text that a :class:`TextStream` made of them.

    Joined, they are its bytes, but where bytes that are no text are written as U+FFFD there.

    Returns:
        One for each of the first pieces, empty where nothing but blanks was cut off before the
        text. None for pieces behind its end.
    """
    whole = b"".join(pieces)
    plain = whole.decode("utf-8", "replace")
    blanks = 0 if text and plain.startswith(text) else len(plain) - len(plain.lstrip())
    start = len(plain[:blanks].encode())
    shown = plain[:blanks] + text
    # From the back: what is cut off there is a stop text, and short.
    ends = range(len(whole), start, -1)
    end = next((end for end in ends if whole[:end].decode("utf-8", "replace") == shown), start)
    found, place = [], 0
    for piece in pieces:
        if place >= end and piece:
            break
        found.append(piece[max(start - place, 0) : end - place])
        place += len(piece)
    return found
