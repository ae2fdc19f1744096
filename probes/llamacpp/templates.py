"""The chat template that a GGUF file brings, or that is set in its place."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import llama_cpp
from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from probes.chat import ChatTemplate, Fill, broken_template
from probes.plain_chat import PLAIN_TEMPLATE

__all__ = ["read_template"]


def read_template(
    model: llama_cpp.llama_model_p, source: str | None, *, bos: str, eos: str
) -> ChatTemplate:
    """The template to speak in: what is set, else the file's own, else the plain one.

    Args:
        source: a template in Jinja's language; None for the file's own.
        bos, eos: how the tokens are spelled that begin and end a text.

    Raises:
        ModelError: it cannot be read.
    """
    own = llama_cpp.llama_model_chat_template(model, None)
    if source is None and own:
        source = own.decode("utf-8", "replace")
        # Some files name a template that llama.cpp has built in.
        if "{" not in source:
            if source in _built_in():
                return ChatTemplate(source, _fill_built_in(source))
            source = None
    source = source or PLAIN_TEMPLATE
    return ChatTemplate(source, _fill(source, bos=bos, eos=eos))


def _fill(source: str, *, bos: str, eos: str) -> Fill:
    try:
        formatter = Jinja2ChatFormatter(source, bos_token=bos, eos_token=eos)
    except TemplateError as error:
        place = f" (line {line})" if (line := getattr(error, "lineno", None)) else ""
        raise broken_template(f"{error}{place}") from error

    def fill(messages: list[dict[str, Any]], variables: Mapping[str, object]) -> str:
        try:
            # The formatter's message type is a union of per-role TypedDicts; these plain
            # dicts have the same keys.
            return formatter(messages=messages, **variables).prompt  # type: ignore[arg-type]
        except Exception as error:
            # A template computes: it can fail in every way in which an expression can.
            raise ValueError(f"{type(error).__name__}: {error}") from error

    return fill


def _built_in() -> frozenset[str]:
    count = llama_cpp.llama_chat_builtin_templates(None, 0)
    names = (ctypes.c_char_p * count)()
    llama_cpp.llama_chat_builtin_templates(names, count)
    return frozenset(name.decode() for name in names if name)


def _fill_built_in(name: str) -> Fill:
    def fill(messages: list[dict[str, Any]], _variables: Mapping[str, object]) -> str:
        if not all(isinstance(message["content"], str) for message in messages):
            raise ValueError("it takes text only")
        chat = (llama_cpp.llama_chat_message * len(messages))(
            *(
                llama_cpp.llama_chat_message(one["role"].encode(), one["content"].encode())
                for one in messages
            )
        )
        size = 4096 + sum(len(one["content"].encode()) for one in messages) * 2
        buffer = ctypes.create_string_buffer(size)
        length = llama_cpp.llama_chat_apply_template(
            name.encode(), chat, len(messages), True, buffer, size
        )
        if not 0 <= length <= size:
            raise ValueError("llama.cpp does not render it")
        return buffer.raw[:length].decode("utf-8", "replace")

    return fill
