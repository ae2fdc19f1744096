"""A cross-encoder that reads question and chunk together, and puts found chunks in order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from retriever.errors import RerankerError
from retriever.model_folder import model_folder, quiet

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["NO_RERANKER", "CrossEncoderReranker", "Reranker", "open_reranker"]

NO_RERANKER = "none"
_BATCH = 16  # pairs of question and chunk in one forward pass


class Reranker(Protocol):
    """Whatever rates texts for a question."""

    def rate(self, question: str, texts: Sequence[str]) -> list[float]:
        """A number for each text, the larger the better; of no scale."""


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder. It is loaded when something is rated, not before.

    Methods may be called from several threads.

    Args:
        model: a folder that holds a model, else the id of a model on the hub.
        device: where torch runs it, ``"cpu"`` or for example ``"cuda"``.
    """

    def __init__(self, model: str | Path, device: str = "cpu") -> None:
        self._source = str(model)
        self._device = device
        self._lock = threading.RLock()

    def rate(self, question: str, texts: Sequence[str]) -> list[float]:
        """What the model says of each text.

        Raises:
            RerankerError: the model is missing, damaged, does not load, or says more than one
                number of a text.
        """
        if not texts:
            return []
        with self._lock:
            said = self._model.predict(
                [(question, text) for text in texts], batch_size=_BATCH, show_progress_bar=False
            )
        ratings = np.asarray(said, dtype=np.float64)
        if ratings.shape != (len(texts),):
            raise RerankerError(
                f"the reranker {self._source} is a classifier of {ratings.shape[-1]} classes",
                hint="name a cross-encoder that gives one number for question and text",
                param="reranker",
            )
        return [float(rating) for rating in ratings]

    @cached_property
    def _model(self) -> CrossEncoder:
        """Asked for under the lock only."""
        folder = model_folder(self._source, "reranker", RerankerError)
        from sentence_transformers import CrossEncoder  # takes seconds

        try:
            with quiet():
                model: CrossEncoder = CrossEncoder(
                    str(folder), device=self._device, local_files_only=True
                )
                return model
        except Exception as error:  # of three libraries, which share no base
            raise RerankerError(
                f"the reranker {self._source} does not load: {error}",
                hint="check that the folder holds a whole cross-encoder: config.json, weights, "
                "tokenizer",
                param="reranker",
            ) from error


def open_reranker(name: str) -> Reranker | None:
    """The reranker of the setting `reranker`, not loaded yet; None for ``"none"``."""
    return None if name == NO_RERANKER else CrossEncoderReranker(name)
