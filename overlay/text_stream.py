"""Tokens to text as they come: whole characters, no leading blanks, nothing of a stop text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["TextStream", "pieces_of"]


class TextStream:
    """Turns token bytes into text and stops at the first stop text.

    Args:
        stop: an answer ends before the first of these texts.
        ends: it also ends before a line that begins with one of these.
        keep_blanks: keep those at the beginning, where the text goes on from another.

    Attributes:
        stopped: a stop text was met; it is not part of the output.
        tokens: how many pieces were taken in.
        rest: what stood behind the stop text in its last piece.
    """

    def __init__(
        self, stop: Sequence[str] = (), *, ends: Sequence[str] = (), keep_blanks: bool = False
    ) -> None:
        self._stop = (*stop, *(f"\n{end}" for end in ends))
        self._ends = tuple(ends)
        self._keep_blanks = keep_blanks
        self.stopped = False
        self.tokens = 0
        self.rest = ""

    def feed(self, pieces: Iterable[bytes], held: str = "") -> Iterator[str]:
        """Yield non-empty texts whose concatenation is the output.

        Text that may yet turn out to begin a stop text is held back. Ending early closes
        ``pieces`` with it where that is a generator.

        Args:
            held: text that stands before the pieces.
        """
        begun = self._keep_blanks
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        first = True  # nothing was yielded, so that a line begins where the text does
        for piece in pieces:
            self.tokens += 1
            held += decoder.decode(piece)
            if not begun:
                held = held.lstrip()
                begun = bool(held)
            cut, end = self._first_stop(held, first=first)
            if cut is not None:
                self.stopped = True
                self.rest = held[end:]
                held = held[:cut]
                break
            keep = self._possible_stop(held, first=first)
            if text := held[: len(held) - keep]:
                first = False
                yield text
                held = held[len(text) :]
        else:
            held += decoder.decode(b"", final=True)
        if held:
            yield held

    def _first_stop(self, text: str, *, first: bool) -> tuple[int | None, int]:
        """Where the first stop text begins and ends."""
        places = [(place, len(stop)) for stop in self._stop if (place := text.find(stop)) >= 0]
        if first:
            places += [(0, len(end)) for end in self._ends if text.startswith(end)]
        if not places:
            return None, 0
        place, size = min(places)
        return place, place + size

    def _possible_stop(self, text: str, *, first: bool) -> int:
        """Length of the longest end of ``text`` that begins a stop text."""
        longest = 0
        for stop in self._stop:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if stop.startswith(text[-length:]):
                    longest = length
                    break
        if first and any(end.startswith(text) for end in self._ends):
            return len(text)
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
