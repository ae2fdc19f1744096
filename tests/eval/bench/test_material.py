"""Questions are drawn by the seed, and their chunks are the most similar pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from eval.bench.material import Material, long_question
from eval.tasks.sample import sample_questions
from overlay.errors import InputError
from overlay.prompt import chunk_tokens
from probes.llamacpp import LlamaCppModel
from retriever.embedder import Vectors
from tests.retriever.hashing import HashEmbedder


class CountingEmbedder(HashEmbedder):
    """Remembers how many texts it was given each time."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(len(texts))
        return super().embed(texts)


def test_passages_are_the_most_similar_pieces_of_that_length(tiny_model: LlamaCppModel) -> None:
    embedder = CountingEmbedder()
    material = Material(tiny_model, embedder, seed=0)
    asked = material.question(0)
    every = material.passages(asked, 30, 100)
    found = material.passages(asked, 4, 100)
    assert found == every[:4]
    similarities = [passage.similarity or 0.0 for passage in every]
    assert similarities == sorted(similarities, reverse=True)
    [own, *others] = embedder.embed([asked, *(passage.text for passage in every)])
    assert np.allclose(np.stack(others) @ own, similarities)
    # Cut in the middle of words, a piece may read back as a token more or less.
    assert all(abs(len(chunk_tokens(tiny_model, passage.text)) - 100) <= 3 for passage in every)


def test_pieces_are_embedded_once_a_length(tiny_model: LlamaCppModel) -> None:
    embedder = CountingEmbedder()
    material = Material(tiny_model, embedder, seed=0)
    for repeat in range(3):
        material.passages(material.question(repeat), 2, 256)
    assert sum(size > 1 for size in embedder.batches) == 1
    material.passages(material.question(0), 2, 128)
    assert sum(size > 1 for size in embedder.batches) == 2


def test_every_repeat_asks_another_question_and_a_seed_draws_the_same(
    tiny_model: LlamaCppModel,
) -> None:
    def drawn(seed: int) -> list[str]:
        material = Material(tiny_model, HashEmbedder(), seed=seed)
        return [material.question(repeat) for repeat in range(60)]

    assert drawn(0) == drawn(0) != drawn(1)
    assert sorted(drawn(0)) == sorted(question.question for question in sample_questions())


def test_too_many_chunks_are_refused(tiny_model: LlamaCppModel) -> None:
    material = Material(tiny_model, HashEmbedder(), seed=0)
    with pytest.raises(InputError, match="pieces of 512 tokens, and 64 are asked for"):
        material.passages(material.question(0), 64, 512)


def test_the_question_is_asked_for_at_length() -> None:
    assert long_question("Who?").startswith("Who? ")
