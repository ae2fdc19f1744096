"""What a round is about: a sample question, and the pieces of the documents nearest to it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache, cached_property

from eval.tasks.sample import DOCUMENTS, sample_questions
from overlay.errors import InputError
from overlay.labelled.items import Kind, Passage
from overlay.prompt import chunk_tokens
from probes.protocol import Model
from probes.subject import as_text
from retriever import Embedder
from retriever.embedder import Vectors

__all__ = ["Material", "long_question"]


def long_question(question: str) -> str:
    """Asks for all there is to say: a short answer would end before the tokens to be timed.

    In few words, because every chunk is read together with them.
    """
    return f"{question} Tell me everything."


class Material:
    """Pieces of the sample documents, retrieved as a store retrieves chunks.

    Args:
        model: measures pieces in its tokens.
        embedder: rates them; it is asked once for each length.
        seed: draws the questions.
    """

    def __init__(self, model: Model, embedder: Embedder, *, seed: int) -> None:
        self._model = model
        self._embedder = embedder
        questions = [question.question for question in sample_questions()]
        self._questions = random.Random(seed).sample(questions, len(questions))  # noqa: S311 - an order, not a secret
        self._pieces = cache(self._embedded)

    def question(self, repeat: int) -> str:
        """The sample question of a repeat; another one for each, until all were asked."""
        return self._questions[repeat % len(self._questions)]

    def passages(self, question: str, k: int, length: int) -> list[Passage]:
        """The ``k`` pieces most similar to a question, most similar first.

        Args:
            length: tokens of a piece as it stands in the prompt, its line break included.

        Raises:
            InputError: the documents hold fewer pieces of that length.
            EmbedderError: the embedder does not load.
        """
        pieces, vectors = self._pieces(length)
        if len(pieces) < k:
            raise InputError(
                f"the sample documents hold {len(pieces)} pieces of {length} tokens, and {k} are "
                "asked for",
                hint="ask for fewer or shorter chunks",
                param="k",
            )
        [asked] = self._embedder.embed_questions([question])
        similarities = vectors @ asked  # all of length 1: the cosine
        best = sorted(range(len(pieces)), key=lambda n: -similarities[n])[:k]
        return [
            Passage(pieces[n], Kind.UNKNOWN, f"piece {n}", float(similarities[n])) for n in best
        ]

    def _embedded(self, length: int) -> tuple[list[str], Vectors]:
        tokens = self._tokens
        size = length - 1
        starts = range(0, len(tokens) - size + 1, size)
        pieces = [as_text(self._model, tokens[start : start + size]) for start in starts]
        return pieces, self._embedder.embed(pieces)

    @cached_property
    def _tokens(self) -> Sequence[int]:
        files = sorted(path for path in DOCUMENTS.rglob("*") if path.suffix in {".md", ".txt"})
        texts = [path.read_text(encoding="utf-8") for path in files]
        return [token for text in texts for token in chunk_tokens(self._model, text)]
