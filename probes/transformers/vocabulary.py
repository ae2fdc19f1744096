"""Text to tokens and back, and the chat template, through a transformers tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import TemplateSyntaxError
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

from probes.bos import with_bos
from probes.chat import ChatTemplate, Fill, Message, broken_template
from probes.plain_chat import PLAIN_TEMPLATE

__all__ = ["Vocabulary"]

# Tokens that end a turn wherever they are spelled so, whatever a model's files say: converted
# files often name only one of them. As in llama.cpp's vocabulary (`special_eog_ids`).
_ENDS = (
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|eot|>",
    "<end_of_utterance>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    # A pad or a next file, in models that write code.
    "<|fim_pad|>",
    "<fim-pad>",
    "<fim_pad>",
    "<|fim_repo|>",
    "<|repo_name|>",
    "<fim-repo>",
    "<repo>",
    "<REPO>",
    "<reponame>",
    "<|file_sep|>",
)
_BYTE = re.compile("<0x([0-9A-F]{2})>")
_WORD_START = "\u2581"  # what sentencepiece writes for a space


class Vocabulary:
    """The tokenizer of a loaded model.

    Args:
        chat_template: a template in Jinja's language; None for the tokenizer's own, and for the
            plain one where it has none.

    Attributes:
        opening: what stands before every text.
        template: the chat template.

    Raises:
        ModelError: the chat template cannot be read.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        model: PreTrainedModel,
        chat_template: str | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self.size: int = model.config.get_text_config(decoder=True).vocab_size
        added = tokenizer.added_tokens_decoder
        self._special = {token for token, entry in added.items() if entry.special}
        self._special |= set(tokenizer.all_special_ids)
        self._spelled = {token: entry.content.encode() for token, entry in added.items()}
        self._bytes_of: Callable[[str], bytes] = (
            _byte_level if _is_byte_level(tokenizer) else _sentencepiece
        )
        self._ends = _ends(tokenizer, model)
        self._bos: int | None = tokenizer.bos_token_id
        begins = tokenizer.encode("", add_special_tokens=True)[:1]
        self.opening = begins if self._bos is not None and begins == [self._bos] else []
        source = chat_template or _own_template(tokenizer) or PLAIN_TEMPLATE
        self.template = ChatTemplate(source, _fill(tokenizer, source))

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids; with ``special``, special tokens spelled out in the text count as such."""
        tokens: list[int] = self._tokenizer.encode(
            text, add_special_tokens=False, split_special_tokens=not special, verbose=False
        )
        return tokens

    def piece(self, token: int) -> bytes:
        """The bytes of one token; special tokens have none, nor has an id without a token."""
        return b"" if token in self._special else self.spelled(token)

    def spelled(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.spelled`."""
        if token in self._spelled:
            return self._spelled[token]
        if not 0 <= token < len(self._tokenizer):
            return b""
        spelled = self._tokenizer.convert_ids_to_tokens(token)
        return self._bytes_of(spelled) if isinstance(spelled, str) else b""

    def ends_generation(self, token: int) -> bool:
        """Whether the model ends its turn with this token."""
        return token in self._ends

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""
        pieces = self.template.encode(
            messages, lambda text, special: self.tokenize(text, special=special)
        )
        return with_bos(pieces, self.opening, self._bos)


def _own_template(tokenizer: PreTrainedTokenizerBase) -> str | None:
    own: object = tokenizer.chat_template
    if isinstance(own, dict):  # several, by name
        own = own.get("default")
    return own if isinstance(own, str) else None


def _fill(tokenizer: PreTrainedTokenizerBase, source: str) -> Fill:
    def fill(messages: list[dict[str, Any]], variables: Mapping[str, object]) -> str:
        try:
            return str(
                tokenizer.apply_chat_template(
                    messages,
                    chat_template=source,
                    tokenize=False,
                    add_generation_prompt=True,
                    **dict[str, Any](variables),
                )
            )
        except TemplateSyntaxError as error:
            raise broken_template(f"{error} (line {error.lineno})") from error
        except Exception as error:
            # A template computes: it can fail in every way in which an expression can.
            raise ValueError(f"{type(error).__name__}: {error}") from error

    return fill


def _ends(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> frozenset[int]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    named: Iterable[int | None] = configured if isinstance(configured, list) else [configured]
    vocabulary = tokenizer.get_vocab()
    spelled = [vocabulary.get(text) for text in _ENDS]
    ids = [*named, tokenizer.eos_token_id, *spelled]
    found = {token for token in ids if token is not None}
    if {vocabulary.get("<|return|>"), vocabulary.get("<|call|>")} <= found:
        # Harmony: this one ends a channel, and the answer may stand in the next.
        found.discard(vocabulary.get("<|end|>", -1))
    return frozenset(found)


def _is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether tokens are spelled in GPT-2's stand-ins for bytes."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return False
    return '"ByteLevel"' in json.dumps(json.loads(backend.to_str()).get("decoder"))


@cache
def _stand_ins() -> dict[str, int]:
    table: dict[int, str] = bytes_to_unicode()  # type: ignore[no-untyped-call]  # transformers has no types here
    return {character: byte for byte, character in table.items()}


def _byte_level(spelled: str) -> bytes:
    table = _stand_ins()
    # A character outside of the table was added to the vocabulary as it is.
    return b"".join(
        bytes([table[character]]) if character in table else character.encode()
        for character in spelled
    )


def _sentencepiece(spelled: str) -> bytes:
    byte = _BYTE.fullmatch(spelled)
    if byte:
        return bytes([int(byte[1], 16)])
    return spelled.replace(_WORD_START, " ").encode()
