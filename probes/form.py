"""The form that a generated text must have: which tokens may come next, whatever the backend.

Source: https://github.com/guidance-ai/llguidance, which makes the masks
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overlay.errors import InputError

if TYPE_CHECKING:
    from llguidance import LLMatcher

__all__ = ["LONGEST_SCHEMA", "Form", "FormVocabulary", "Matcher", "Tokens"]

LONGEST_SCHEMA = 100_000
"""Characters that a schema may have."""

# A small model that is free to go on with blanks does so until its tokens are used up.
_BLANKS = r"[ \n\t]{0,16}"
_PARAM = "response_format"
_LONGEST_MESSAGE = 300
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Form:
    """A form of texts: one JSON value that a schema allows.

    Attributes:
        grammar: the schema as llguidance reads it.
        schema: the schema as it was given; empty where any object will do.
    """

    grammar: str
    schema: str

    @classmethod
    def json_object(cls) -> Form:
        """Any JSON object."""
        return replace(cls.json_schema({"type": "object"}), schema="")

    @classmethod
    def json_schema(cls, schema: str | Mapping[str, Any]) -> Form:
        """What a JSON schema allows; its properties come in the order in which they stand there.

        Args:
            schema: as an object, or as text. Nothing that it refers to is fetched.

        Raises:
            InputError: the schema is too large, is no JSON object, or says what cannot be kept to.
        """
        from llguidance import LLMatcher

        try:
            text = schema if isinstance(schema, str) else json.dumps(schema, ensure_ascii=False)
            _check_length(text)
            grammar = LLMatcher.grammar_from_json_schema(
                text, overrides={"whitespace_pattern": _BLANKS}
            )
            wrong = LLMatcher.validate_grammar(grammar)
        except (TypeError, ValueError, RecursionError) as error:
            raise _refused(str(error)) from error
        if wrong:
            raise _refused(wrong)
        return cls(grammar, text)


def _check_length(text: str) -> None:
    if len(text) > LONGEST_SCHEMA:
        raise InputError(
            f"the JSON schema of {_PARAM} has {len(text)} characters",
            hint=f"it may have {LONGEST_SCHEMA}: send a smaller one",
            param=_PARAM,
        )


def _refused(why: str) -> InputError:
    short = " ".join(why.split())[:_LONGEST_MESSAGE]
    return InputError(
        f"the JSON schema of {_PARAM} cannot be kept to: {short}",
        hint="change or leave out the part that is named",
        param=_PARAM,
    )


class Tokens(Protocol):
    """The part of :class:`probes.protocol.Model` that forms need."""

    def tokenize(self, text: str) -> list[int]:
        """See :meth:`probes.protocol.Model.tokenize`."""

    def piece(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.piece`."""

    def ends_generation(self, token: int) -> bool:
        """See :meth:`probes.protocol.Model.ends_generation`."""


class Matcher:
    """Follows one text token by token. Made by :meth:`FormVocabulary.matcher`."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher = matcher
        self._size = size

    def allowed(self) -> NDArray[np.bool_]:
        """``[vocabulary]``: which tokens may come next.

        Those that end a generation are among them exactly where the text has the form.

        Raises:
            InputError: the form is too intricate to be followed further.
        """
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        if not bits.any():
            raise _refused("no text can go on as it says")
        return np.unpackbits(bits, count=self._size, bitorder="little").view(np.bool_)

    @property
    def complete(self) -> bool:
        """Whether the text has the form, and nothing but its end may follow."""
        return self._matcher.is_stopped()

    def accept(self, token: int) -> None:
        """Go on behind a token that was allowed.

        Raises:
            InputError: it was not.
        """
        self._matcher.consume_token(token)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise _refused(self._matcher.get_error())


class FormVocabulary:
    """A model's tokens as llguidance reads them. Takes 0.2 s to make.

    Args:
        tokens: the model's own.
        size: how many there are, those that its head has and its tokenizer lacks among them.
    """

    def __init__(self, tokens: Tokens, size: int) -> None:
        from llguidance import LLTokenizer, TokenizerWrapper

        self._size = size
        adapter = _Adapter(tokens, size)
        self._tokenizer = LLTokenizer(
            TokenizerWrapper(adapter),
            n_vocab=size,
            eos_token=adapter.ends,
            slices=LLTokenizer.json_slices(),
        )
        self._begun = lru_cache(_KEPT)(self._compiled)

    def matcher(self, form: Form) -> Matcher:
        """Where a text of this form begins.

        Raises:
            InputError: the form cannot be followed.
        """
        return Matcher(self._begun(form.grammar).deep_copy(), self._size)

    def _compiled(self, grammar: str) -> LLMatcher:
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise _refused(matcher.get_error())
        return matcher


class _Adapter:
    """What llguidance asks of a tokenizer; see its ``TokenizerWrapper``."""

    bos_token_id = None

    def __init__(self, tokens: Tokens, size: int) -> None:
        self._own = tokens
        self.ends = [token for token in range(size) if tokens.ends_generation(token)]
        self.eos_token_id = self.ends[0]
        ends = set(self.ends)
        self.tokens = [b"" if token in ends else tokens.piece(token) for token in range(size)]
        # Special tokens have no bytes, and stand for none.
        self.special_token_ids = [token for token, piece in enumerate(self.tokens) if not piece]
        self._by_piece = {piece: token for token, piece in enumerate(self.tokens) if piece}
        self._longest = max(map(len, self._by_piece))

    def __call__(self, data: bytes | str) -> Sequence[int]:
        """Tokens of a text that must come next."""
        text = data if isinstance(data, str) else data.decode()
        found = self._own.tokenize(text)
        if b"".join(self.tokens[token] for token in found) == text.encode():
            return found
        # Some tokenizers put a blank before every text.
        return self._longest_first(text.encode())

    def _longest_first(self, data: bytes) -> list[int]:
        found, start = [], 0
        while start < len(data):
            ends = range(min(len(data), start + self._longest), start, -1)
            end = next((end for end in ends if data[start:end] in self._by_piece), None)
            if end is None:
                break
            found.append(self._by_piece[data[start:end]])
            start = end
        return found
