"""A tiny deterministic embedder: counts words into buckets. Similar words, similar vectors."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from retriever.embedder import Vectors
from retriever.similarity_scale import OWN_SCALE


class HashEmbedder:
    """Satisfies ``retriever.Embedder`` without a model."""

    def __init__(self, name: str = "hash", dimension: int = 128, max_tokens: int = 256) -> None:
        self.name = name
        self.fingerprint = f"fingerprint of {name}"
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.embedded = 0
        self.scale = OWN_SCALE

    def count_tokens(self, text: str) -> int:
        """Words and marks, and one token each for the start and the end."""
        return len(re.findall(r"\w+|[^\w\s]", text)) + 2

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Word counts, hashed, ``[text, dimension]``."""
        self.embedded += len(texts)
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % self.dimension] += 1
        normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """The same as of passages."""
        return self.embed(questions)
