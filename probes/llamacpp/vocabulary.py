"""Text to tokens and back, and the chat template, from a GGUF model's own metadata."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp
from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from probes.chat import ChatTemplate, Message, require_template
from probes.errors import ModelError

__all__ = ["Vocabulary"]

_PIECE_BYTES = 256


class Vocabulary:
    """The tokenizer of a loaded model."""

    def __init__(self, model: llama_cpp.llama_model_p) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self._add_bos: bool = llama_cpp.llama_vocab_get_add_bos(self._vocab)
        source = llama_cpp.llama_model_chat_template(model, None)
        self._template = self._read_template(source.decode()) if source else None

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids; with ``special``, special tokens spelled out in the text count as such."""
        data = text.encode()
        # No token is shorter than a byte, but a leading space may be added.
        capacity = len(data) + 2
        buffer = (llama_cpp.llama_token * capacity)()
        count = llama_cpp.llama_tokenize(
            self._vocab, data, len(data), buffer, capacity, False, special
        )
        if count < 0:
            raise ModelError(f"the tokenizer needs {-count} tokens for {len(data)} bytes")
        return list(buffer[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token; special tokens have none unless ``special``."""
        if token < 0:
            return b""
        size = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, special)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def ends_generation(self, token: int) -> bool:
        """Whether the model ends its turn with this token."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""
        pieces = require_template(self._template).encode(
            messages, lambda text, special: self.tokenize(text, special=special)
        )
        if self._add_bos and pieces[0][:1] != [self._bos]:
            pieces[0].insert(0, self._bos)
        return pieces

    def _read_template(self, source: str) -> ChatTemplate:
        try:
            formatter = Jinja2ChatFormatter(
                source,
                bos_token=self.piece(self._bos, special=True).decode(),
                eos_token=self.piece(llama_cpp.llama_vocab_eos(self._vocab), special=True).decode(),
            )
        except TemplateError as error:
            raise ModelError(f"the model's chat template cannot be read: {error}") from error

        def fill(messages: list[dict[str, str]]) -> str:
            try:
                # The formatter's message type is a union of per-role TypedDicts; these plain
                # dicts have the same keys.
                return formatter(messages=messages).prompt  # type: ignore[arg-type]
            except TemplateError as error:
                raise ValueError(str(error)) from error

        return ChatTemplate(fill)
