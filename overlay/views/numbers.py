"""Numbers and texts as every view writes them."""

from __future__ import annotations

import unicodedata

__all__ = ["number", "printable", "shorten"]

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def number(value: float | None) -> str:
    """``value`` to three significant digits or so, in six characters; ``-`` for None."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    size = abs(value)
    if size < 0.0005:
        return f"{value:.0e}"
    for limit, digits in ((1, 3), (10, 2), (100, 1)):
        if round(size, digits) < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def printable(text: str) -> str:
    """``text`` without what would steer a terminal or turn a page's reading direction.

    Chunks come from anyone's documents: an escape sequence in one must not reach the terminal.
    """
    return "".join(map(_printable, text.replace("\r\n", "\n").replace("\r", "\n")))


def shorten(text: str, width: int) -> str:
    """``text`` on one line, cut to ``width`` characters with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _printable(character: str) -> str:
    if character in "\n\t":
        return character
    steers = character in _BIDI or unicodedata.category(character) in {"Cc", "Cs"}
    return "\ufffd" if steers else character
