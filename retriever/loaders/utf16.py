"""UTF-16 without a mark, told from text of one byte a character and from binary files."""

from __future__ import annotations

import unicodedata

__all__ = ["utf16_without_mark"]

_SAMPLE = 65536  # bytes that are enough to tell
_FEWEST_NULS = 200  # characters for each one that is ASCII
_MOST_SCRIPTS = 6  # of one text, as told below; of a short text fewer
_NOT_WRITTEN = {"Cc", "Cn", "Co"}  # kinds of characters: control, not assigned, private
_ENCODINGS = ("utf-16-le", "utf-16-be")


def utf16_without_mark(data: bytes, *, latin_only: bool) -> str:
    """Which UTF-16 bytes are in; empty where they are in none.

    It shows by the NULs of ASCII characters, all on one side. In other scripts few characters are
    ASCII, such as the line ends: then the text must be of letters, of few scripts.

    Args:
        latin_only: whether only text that is mostly ASCII is told, because the bytes can as well
            be read by ones.
    """
    pairs = len(data) // 2
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd > pairs / 2 and even <= pairs / 50:
        return "utf-16-le"
    if even > pairs / 2 and odd <= pairs / 50:
        return "utf-16-be"
    if latin_only or even + odd < max(1, pairs / _FEWEST_NULS):  # a stray NUL tells nothing
        return ""
    found = {encoding: _scripts(data[:_SAMPLE], encoding) for encoding in _ENCODINGS}
    likely = [encoding for encoding in _ENCODINGS if found[encoding]]
    return min(likely, key=lambda encoding: found[encoding], default="")


def _scripts(sample: bytes, encoding: str) -> int:
    """How many scripts bytes are written in by a wide encoding; 0 where they are no text.

    Bytes of another format, read by twos, are characters of every script, and of none.
    """
    whole = sample[: len(sample) // 2 * 2]
    text = whole.decode(encoding, errors="replace").removesuffix("\ufffd")  # a pair may be cut
    kinds = {unicodedata.category(char) for char in text if char not in "\r\n\t"}
    letters = [char for char in text if char.isalpha()]
    if "\ufffd" in text or _NOT_WRITTEN & kinds or 2 * len(letters) <= len(text):
        return 0
    scripts = len({_script(ord(letter)) for letter in letters})
    return scripts if scripts <= min(_MOST_SCRIPTS, 1 + len(letters) / 8) else 0


def _script(letter: int) -> int:
    """The block of 256 characters; those of Han are one, and those of Hangul."""
    block = letter >> 8
    if 0x34 <= block <= 0x9F:
        return 0x34
    return 0xAC if 0xAC <= block <= 0xD7 else block
