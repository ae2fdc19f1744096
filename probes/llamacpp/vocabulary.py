"""Text to tokens and back, and the chat template, from a GGUF model's own metadata."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp

from probes.bos import with_bos
from probes.chat import Message
from probes.errors import ModelError
from probes.llamacpp.templates import read_template

__all__ = ["Vocabulary"]

_PIECE_BYTES = 256


class Vocabulary:
    """The tokenizer of a loaded model.

    Args:
        chat_template: see :func:`probes.llamacpp.templates.read_template`.

    Attributes:
        opening: what stands before every text.
        template: the chat template.

    Raises:
        ModelError: the chat template cannot be read.
    """

    def __init__(self, model: llama_cpp.llama_model_p, chat_template: str | None = None) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self._add_bos: bool = llama_cpp.llama_vocab_get_add_bos(self._vocab)
        eos: int = llama_cpp.llama_vocab_eos(self._vocab)
        self.opening = [self._bos] if self._add_bos and self._knows(self._bos) else []
        self.template = read_template(
            model,
            chat_template,
            bos=self.spelled(self._bos).decode("utf-8", "replace"),
            eos=self.spelled(eos).decode("utf-8", "replace"),
        )

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

    def piece(self, token: int) -> bytes:
        """The bytes of one token; special tokens have none."""
        return self._bytes(token, special=False)

    def spelled(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.spelled`."""
        return self._bytes(token, special=True)

    def _bytes(self, token: int, *, special: bool) -> bytes:
        # llama.cpp would end the process at an id that it does not know.
        if not self._knows(token):
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
        return self._knows(token) and bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def _knows(self, token: int) -> bool:
        return 0 <= token < self.size

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""
        pieces = self.template.encode(
            messages, lambda text, special: self.tokenize(text, special=special)
        )
        return with_bos(pieces, self.opening, self._bos)
