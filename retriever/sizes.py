"""How much of a chunk's limit a text takes: tokens, and a bound on what tokens leave uncounted."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil

__all__ = ["CHARACTERS_PER_TOKEN", "Sizes"]

CHARACTERS_PER_TOKEN = 8
"""Most characters that count as one token.

A WordPiece tokenizer reads a long run without spaces as one unknown token, however long it is.
Prose has four or five characters a token, so that it never comes near this bound.
"""

# Thai, Lao, Myanmar, Khmer, kana, Han. One character of these is about a token to a model that
# knows the script, and nothing at all to one that does not.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff\u19e0-\u19ff"
    "\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"
    "\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+"
)


class Sizes:
    """Sizes of texts against one limit.

    Args:
        count_tokens: tokens that the embedder reads for a text.
        limit: most tokens in a chunk.
    """

    def __init__(self, count_tokens: Callable[[str], int], limit: int) -> None:
        self._count_tokens = count_tokens
        self.limit = limit

    @property
    def reach(self) -> int:
        """No text of more characters fits the limit."""
        return self.limit * CHARACTERS_PER_TOKEN

    def of(self, text: str) -> int:
        """The size of ``text`` in tokens; of one past the reach a lower bound, not tokenized."""
        letters = ceil(len(text) / CHARACTERS_PER_TOKEN)
        if letters > self.limit:
            return letters
        return max(letters, _unspaced(text), self._count_tokens(text))

    def fits(self, text: str) -> bool:
        """Whether ``text`` may be a chunk."""
        return self.of(text) <= self.limit


def _unspaced(text: str) -> int:
    """Characters of scripts that write no spaces between words."""
    if text.isascii():
        return 0
    return sum(match.end() - match.start() for match in _UNSPACED.finditer(text))
