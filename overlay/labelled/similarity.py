"""Similarities of passages that no retriever has rated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.labelled.items import Item
from retriever import Embedder

__all__ = ["with_similarities"]


def with_similarities(items: Sequence[Item], embedder: Embedder) -> list[Item]:
    """The items with the cosine similarity of question and passage, where none is known yet."""
    missing = [
        text
        for item in items
        for passage in item.passages
        if passage.similarity is None
        for text in (item.question, passage.text)
    ]
    texts = list(dict.fromkeys(missing))
    if not texts:
        return list(items)
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))

    def completed(item: Item) -> Item:
        # The embedder's vectors have unit length: their product is the cosine.
        passages = tuple(
            passage
            if passage.similarity is not None
            else replace(passage, similarity=float(vectors[item.question] @ vectors[passage.text]))
            for passage in item.passages
        )
        return replace(item, passages=passages)

    return [completed(item) for item in items]
