"""What of a chunk its vector is made of."""

from __future__ import annotations

from retriever.chunking import Chunk

__all__ = ["EMBEDDING_RULES", "embedded_text"]

EMBEDDING_RULES = 1  # raise it when the rules below change: documents are then embedded again
_LONGEST_TITLE = 200  # characters; a longer one would push the text out of what the embedder reads


def embedded_text(chunk: Chunk, *, titled: bool = True) -> str:
    """The title on a line of its own, then the text: a passage alone rarely says what it is about.

    Of a long title the end is taken, where the innermost heading stands.

    Args:
        titled: whether the title is part of it.
    """
    title = chunk.title[-_LONGEST_TITLE:].strip() if titled else ""
    return f"{title}\n{chunk.text}" if title else chunk.text
