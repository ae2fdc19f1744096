"""Fills the store of kept cells ahead of the first question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from overlay.prompt import build_prompt, chunk_tokens
from probes.chat import Message
from probes.kv_store import KVStore
from probes.protocol import Model

__all__ = ["warm"]

_SIDE_BY_SIDE = 4


def warm(model: Model, kept: KVStore, texts: Sequence[str]) -> Iterator[int]:
    """Evaluate chunks behind the prompt of a conversation's first question, and keep that.

    Ends early when the store is full. A chunk that is longer than the model's context is passed
    over.

    Yields:
        How many texts were seen so far.
    """
    prompt = build_prompt(model, [Message("user", "?")])
    room = model.info.context_size - len(prompt.prefix)
    for start in range(0, len(texts), _SIDE_BY_SIDE):
        group = texts[start : start + _SIDE_BY_SIDE]
        chunks = [tokens for text in group if len(tokens := chunk_tokens(model, text)) < room]
        with ExitStack() as stack:
            prefix = stack.enter_context(model.session())
            kept.extend_many(model, [prefix], [prompt.prefix])
            sessions = [stack.enter_context(fork) for fork in prefix.fork(len(chunks))]
            kept.extend_many(model, sessions, chunks)
        yield start + len(group)
        if kept.full:
            return
