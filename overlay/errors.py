"""The root of the error tree. It imports nothing, so that every layer may stand on it.

    OverlayError
    +-- InputError            the caller's input is at fault        exit 2, HTTP 400
    |   +-- SettingsError     (overlay.settings)
    |   +-- DocumentError     (retriever.errors)
    |   +-- PromptTooLongError  (probes.errors)
    |   +-- BudgetError       (selector.errors)
    +-- ResourceError         a file, model, store or port is at fault  exit 3, HTTP 500
    |   +-- ModelError        (probes.errors)
    |   +-- StoreError        (retriever.errors)
    +-- BusyError             try again later                       exit 4, HTTP 429

Every error says what happened, to which field or file and with which value, and what to do
about it (``hint``).
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["BusyError", "InputError", "OverlayError", "ResourceError"]


class OverlayError(Exception):
    """Base of every error that Overlay raises on purpose.

    Args:
        message: what went wrong, naming the value at fault.
        hint: what the reader can do about it; empty where nothing sensible can be said.
        param: the name of the field, setting or argument at fault, where there is one.
    """

    code: ClassVar[str] = "overlay_error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param = param

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(OverlayError):
    """The caller's input cannot be used as it is."""

    code = "invalid_input"
    exit_code = 2
    http_status = 400


class ResourceError(OverlayError):
    """Something that Overlay needs (a file, a model, a store, a port) is missing or broken."""

    code = "resource_error"
    exit_code = 3
    http_status = 500


class BusyError(OverlayError):
    """Too much is asked at once; the same request can succeed later."""

    code = "busy"
    exit_code = 4
    http_status = 429
