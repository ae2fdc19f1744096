"""What can go wrong with uploaded files.

Their root is :mod:`overlay.errors`, which draws the whole tree.
"""

from __future__ import annotations

from overlay.errors import InputError, ResourceError

__all__ = ["StorageError", "UnknownIdError", "UploadTooLargeError"]


class UnknownIdError(InputError):
    """A request names a file or a collection that is not there."""

    code = "not_found"
    http_status = 404


class UploadTooLargeError(InputError):
    """A file is larger than may be uploaded."""

    code = "file_too_large"
    http_status = 413

    def __init__(self, mib: int) -> None:
        super().__init__(
            f"the file is larger than {mib} MiB",
            hint="cut it into several, or raise the setting upload_mib",
            param="file",
        )


class StorageError(ResourceError):
    """The disk does not take what was uploaded: it is full, or may not be written to."""

    code = "storage_error"
    http_status = 507
