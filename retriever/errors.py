"""What can go wrong between a folder of documents and a ranked chunk.

Their root is :mod:`overlay.errors`, which draws the whole tree.
"""

from __future__ import annotations

from overlay.errors import InputError, ResourceError

__all__ = ["DocumentError", "EmbedderError", "EmbedderMismatchError", "RerankerError", "StoreError"]


class DocumentError(InputError):
    """A document or folder cannot be read as text."""

    code = "invalid_document"


class EmbedderError(ResourceError):
    """The embedding model is missing, damaged or does not load."""

    code = "embedder_error"


class RerankerError(ResourceError):
    """The model that puts found chunks in order is missing, damaged or does not load."""

    code = "reranker_error"


class StoreError(ResourceError):
    """The store is missing, damaged or cannot be written."""

    code = "store_error"


class EmbedderMismatchError(StoreError):
    """The store holds similarities of another embedder than the one in use."""

    code = "embedder_mismatch"
