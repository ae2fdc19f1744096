"""Similarities of passages that no retriever has rated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.labelled.items import Item
from retriever import Embedder

__all__ = ["with_similarities"]


def with_similarities(items: Sequence[Item], embedder: Embedder) -> list[Item]:
    """The items with the similarity of question and passage, where none is known yet.

    It is the cosine on the embedder's scale, as a retriever says it.
    """
    missing = [
        (item.question, passage.text)
        for item in items
        for passage in item.passages
        if passage.similarity is None
    ]
    if not missing:
        return list(items)
    questions, texts = (list(dict.fromkeys(column)) for column in zip(*missing, strict=True))
    asked = dict(zip(questions, embedder.embed_questions(questions), strict=True))
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))

    def similarity(question: str, text: str) -> float:
        # The embedder's vectors have unit length: their product is the cosine.
        return embedder.scale.read(float(asked[question] @ vectors[text]))

    def completed(item: Item) -> Item:
        passages = tuple(
            passage
            if passage.similarity is not None
            else replace(passage, similarity=similarity(item.question, passage.text))
            for passage in item.passages
        )
        return replace(item, passages=passages)

    return [completed(item) for item in items]
