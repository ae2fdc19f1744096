"""Vectors of texts that the caller has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from overlay.errors import InputError
from retriever import Embedder

__all__ = ["Embedded", "embed"]


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Vectors, and what they cost.

    Attributes:
        model: the embedder's name.
        vectors: ``[texts, dimension]``, each of length 1.
        tokens: that the embedder read.
    """

    model: str
    vectors: npt.NDArray[np.float32]
    tokens: int


def embed(embedder: Embedder, texts: Sequence[str]) -> Embedded:
    """Embed texts as passages.

    Raises:
        InputError: a text is blank, or longer than the embedder reads.
        EmbedderError: the embedder does not load.
    """
    counts = [embedder.count_tokens(text) for text in texts]
    for place, (text, count) in enumerate(zip(texts, counts, strict=True)):
        if not text.strip():
            raise InputError(f"input {place} is blank", hint="leave it out", param="input")
        if count > embedder.max_tokens:
            raise InputError(
                f"input {place} has {count} tokens, {embedder.name} reads {embedder.max_tokens}",
                hint="send shorter pieces",
                param="input",
            )
    return Embedded(embedder.name, embedder.embed(texts), sum(counts))
