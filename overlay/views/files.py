"""Writing a view to a file."""

from __future__ import annotations

from pathlib import Path

from overlay.errors import InputError, ResourceError

__all__ = ["save"]


def save(path: Path, content: str | bytes) -> None:
    """Write ``content``, text as UTF-8.

    Raises:
        InputError: the folder does not exist, or ``path`` is a folder.
        ResourceError: the file cannot be written.
    """
    if not path.parent.is_dir():
        raise InputError(
            f"cannot write {path}: there is no folder {path.parent}",
            hint="make the folder first, or name a file in one that exists",
            param="output",
        )
    try:
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    except IsADirectoryError as error:
        raise InputError(
            f"cannot write {path}: it is a folder", hint="name a file in it", param="output"
        ) from error
    except OSError as error:
        raise ResourceError(
            f"cannot write {path}: {error.strerror}",
            hint="check the name, the permissions, and the space left",
        ) from error
