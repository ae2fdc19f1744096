"""What can go wrong between a folder of documents and a ranked chunk.

InputError
+-- DocumentError             a document or folder cannot be read as text
ResourceError
+-- EmbedderError             the embedding model is missing, damaged or does not load
+-- StoreError                the store is missing, damaged or cannot be written
    +-- EmbedderMismatchError the store was made with another embedder
"""

from __future__ import annotations

from overlay.errors import InputError, ResourceError

__all__ = ["DocumentError", "EmbedderError", "EmbedderMismatchError", "StoreError"]


class DocumentError(InputError):
    """A document or folder cannot be read as text."""

    code = "invalid_document"


class EmbedderError(ResourceError):
    """The embedding model is missing, damaged or does not load."""

    code = "embedder_error"


class StoreError(ResourceError):
    """The store is missing, damaged or cannot be written."""

    code = "store_error"


class EmbedderMismatchError(StoreError):
    """The store holds similarities of another embedder than the one in use."""

    code = "embedder_mismatch"
