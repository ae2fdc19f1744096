"""Bytes to text, whatever their encoding."""

from __future__ import annotations

import codecs
import re
from itertools import takewhile

from retriever.errors import DocumentError
from retriever.loaders.utf16 import utf16_without_mark

__all__ = ["clean", "decode"]

_MARKS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LEGACY = [  # what files were written in before Unicode; without EBCDIC, which fits short texts
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("iso8859_2", "iso8859_5", "iso8859_15", "koi8_r", "koi8_u", "cp866", "cp437", "cp850"),
    *("shift_jis", "cp932", "euc_jp", "euc_jis_2004", "iso2022_jp"),
    *("gb18030", "gbk", "big5", "cp949", "euc_kr", "tis_620"),
]
_DEFAULT = "cp1252"  # Western Windows
_SAMPLE = 65536  # bytes that are enough to tell an encoding
_FEW = 6  # bytes beyond ASCII that tell nothing about the encoding
_MOST_CONTROLS = 0.1  # share of control characters; a log with colours stays below
_MOST_CONTROLS_GUESSED = 0.02  # likewise where the encoding had to be guessed
_MOST_LOST = 0.1  # broken characters of damaged UTF-8 for each sound one beyond ASCII
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_MOSTLY = 0.95
_CHINESE_MARKS = {0xA1, 0xA3}  # first bytes of its punctuation
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def decode(data: bytes, name: str, declared: str = "") -> str:
    """The text of a file with ``\\n`` line ends, no byte order mark and no control characters.

    Args:
        data: the file's bytes.
        name: of the file, for the message of an error.
        declared: the encoding that the file says it has; it is tried before any is guessed.

    Raises:
        DocumentError: the bytes are no text in any encoding that is known.
    """
    text, most_controls = _read(data, declared), _MOST_CONTROLS
    if text is None:
        text, most_controls = _guess(data), _MOST_CONTROLS_GUESSED
    text = _COLOURS.sub("", text)
    controls = _count_controls(text)
    if controls > max(1, most_controls * len(text)) or (controls and controls == len(text)):
        raise DocumentError(
            f"{name} is not text: {controls} of its {len(text)} characters are control characters",
            hint="give the file the suffix of its format, or move it out of the folder",
            param="source",
        )
    return clean(text)


def clean(text: str) -> str:
    """``text`` with ``\\n`` line ends, without control characters and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def _count_controls(text: str) -> int:
    return sum(1 for _ in _CONTROLS.finditer(text))


def _read(data: bytes, declared: str) -> str | None:
    """The text, where the bytes show their encoding or it is declared."""
    for mark, encoding in _MARKS:
        if data.startswith(mark) and (text := _attempt(data[len(mark) :], encoding)) is not None:
            return text
    plain = _attempt(data, "utf-8")
    sound = plain is not None and _count_controls(plain) <= _MOST_CONTROLS * len(plain)
    wide = utf16_without_mark(data, latin_only=sound)
    if wide and (text := _attempt(data, wide)) is not None:
        return text
    # What is valid as UTF-8 is UTF-8, except that some older encodings use ASCII bytes only.
    if not (declared and data.isascii()) and plain is not None:
        return plain
    if declared and not declared.lower().startswith(("utf-16", "utf-32", "utf16", "utf32")):
        western = declared.lower() in {"ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1"}
        if (text := _attempt(data, _DEFAULT if western else declared)) is not None:
            return text
    return _damaged(data) if plain is None else plain


def _damaged(data: bytes) -> str | None:
    """UTF-8 of which some bytes were lost or put in; legacy encodings hardly ever look like it."""
    text = data.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    sound = sum(1 for _ in _BEYOND_ASCII.finditer(text)) - lost
    return text if lost <= _MOST_LOST * sound else None


def _attempt(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        return None


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes  # only for files that are not Unicode

    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE:  # a whole number of lines, so that no character is cut in two
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    western = _attempt(data, _DEFAULT)
    beyond = sum(byte >= 0x80 for byte in sample)
    letters = beyond + sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    mixed = 2 * beyond < letters  # Latin letters with some accents, not another script
    if western is not None and mixed and (beyond < _FEW or len(sample) < 10 * _FEW):
        return western
    found = list(from_bytes(sample, cp_isolation=_LEGACY))
    # Sorted best first; cp1252 wins where it is as good as the best.
    equal = takewhile(lambda match: match.chaos <= found[0].chaos, found)
    if western is not None and mixed and any(match.encoding == _DEFAULT for match in equal):
        return western
    if found:
        # Any pair of Thai bytes is a Chinese character too, but seldom one that is much used.
        chinese = found[0].encoding == "tis_620" and _is_common_chinese(sample)
        return data.decode("gb18030" if chinese else found[0].encoding, errors="replace")
    return western if western is not None else data.decode("latin-1")


def _is_common_chinese(sample: bytes) -> bool:
    """Whether bytes are GB 2312 of its first level, the 3755 characters that are used most."""
    text = _attempt(sample, "gb2312")
    if text is None:
        return False
    leads = [char.encode("gb2312")[0] for char in text if not char.isascii()]
    common = sum(1 for lead in leads if 0xB0 <= lead <= 0xD7 or lead in _CHINESE_MARKS)
    return common > _MOSTLY * len(leads)
