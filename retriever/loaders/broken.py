"""What a library says about a file that it cannot read, as an error for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retriever.errors import DocumentError

__all__ = ["reading"]

_LONGEST_REASON = 200  # characters
_HINT = "open it in the program that made it and save it again, or move it out of the folder"


@contextmanager
def reading(name: str, kind: str) -> Iterator[None]:
    """Turns every exception of the block into an error that names the file.

    Args:
        name: of the file.
        kind: of file that it should be, such as ``PDF``.

    Raises:
        DocumentError: the block raised; one of its own is passed on as it is.
        MemoryError: it ran out of memory, which says nothing about the file's format.
    """
    try:
        yield
    except (DocumentError, MemoryError):
        raise
    except ImportError as error:
        raise DocumentError(
            f"{name} cannot be read: what reads a {kind} is not installed",
            hint="pip install 'overlay-rag[documents]'",
            param="source",
        ) from error
    except Exception as error:  # parsers of broken files raise anything
        raise DocumentError(
            f"{name} is not a readable {kind}: {_reason(error)}", hint=_HINT, param="source"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    reason = " ".join(str(error).split())[:_LONGEST_REASON]
    return reason or type(error).__name__
