"""What can go wrong with uploaded files.

Their root is :mod:`overlay.errors`, which draws the whole tree.
"""

from __future__ import annotations

from overlay.errors import InputError, ResourceError

__all__ = ["StorageError", "UnknownIdError"]


class UnknownIdError(InputError):
    """A request names a file or a collection that is not there."""

    code = "not_found"
    http_status = 404


class StorageError(ResourceError):
    """The disk does not take what was uploaded: it is full, or may not be written to."""

    code = "storage_error"
    http_status = 507
