"""Words of a text as a lexical index counts them, in scripts with and without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby, pairwise

__all__ = ["TOKEN_RULES", "lexical_tokens"]

TOKEN_RULES = 1  # raise it when the rules below change: indices are then built again

# Accents that are left beside their letter, soft hyphens and joiners: a word is the same without.
_IGNORED = re.compile("[\u00ad\u0300-\u036f\u200c\u200d\u2060]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+")
_UNSPACED = re.compile(
    "["
    "\u2e80-\u2fd5\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han, rare
    "\u3041-\u3096\u309d-\u309f"  # Hiragana
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Katakana
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    "\u0e81-\u0ece\u0edc-\u0edf"  # Lao
    "\u1780-\u17d3\u17d7\u17dc\u17dd"  # Khmer
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9fe\uaa60-\uaa7f"  # Myanmar
    "]"
)


def lexical_tokens(text: str) -> list[str]:
    """The words of a text in order, repeated ones too, made ready for FTS5's ``unicode61``.

    A word is a run of letters and digits, in NFKC and without case. Where a script has no spaces
    between words, each two neighbouring characters are a token; a run of one is that character. A
    Hangul word is a token and so are its neighbouring pairs, because particles grow on its end.
    Pairs, and words with vowel signs that ``unicode61`` would cut at, are spelt by code points,
    such as ``u3611u3619``, which no stemmer changes.
    """
    plain = _IGNORED.sub("", unicodedata.normalize("NFKC", text).casefold())
    return [token for kind, run in groupby(plain, _kind) for token in _of_run(kind, "".join(run))]


def _kind(char: str) -> str:
    """Which characters stand in a run together: of words, of scripts without spaces, or of none."""
    if _UNSPACED.match(char):
        return "unspaced"
    return "word" if unicodedata.category(char)[0] in "LMN" else ""


def _of_run(kind: str, run: str) -> Iterator[str]:
    if kind == "unspaced":
        yield from map(_spelt, _pairs(run))
    elif kind == "word" and any(map(str.isalnum, run)):
        # `unicode61` takes vowel signs for the space between words.
        yield _spelt(run) if any(map(_is_mark, run)) else run
        for part in _HANGUL.findall(run):
            yield from (pair for pair in _pairs(part) if pair != run)


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)] or [run]


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def _spelt(text: str) -> str:
    return "".join(f"u{ord(char)}" for char in text)
