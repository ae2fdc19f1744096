"""The root of the error tree. It imports nothing, so that every layer may stand on it.

The whole tree, with the exit code of the command, the HTTP status of the server, and the module:

    OverlayError                        1  500  overlay.errors
    +-- InputError                      2  400  overlay.errors    the caller's input is at fault
    |   +-- BudgetError                 2  400  selector.errors
    |   +-- DocumentError               2  400  retriever.errors
    |   +-- PromptTooLongError          2  400  probes.errors
    |   +-- SettingsError               2  400  overlay.settings
    |   +-- BodyTooLargeError           2  413  server.doors.errors
    |   +-- ForeignHostError            2  421  server.doors.errors
    |   +-- ForeignOriginError          2  403  server.doors.errors
    |   +-- HostHeaderError             2  400  server.doors.errors
    |   +-- InvalidKeyError             2  401  server.doors.errors
    |   +-- JsonDepthError              2  400  server.doors.errors
    |   +-- PathError                   2  400  server.doors.errors
    |   +-- SlowBodyError               2  408  server.doors.errors
    |   +-- UnknownAnswerError          2  404  server.kept_answers
    |   +-- UnknownIdError              2  404  overlay.uploads.errors
    |   +-- UnknownModelError           2  404  server.errors
    +-- ResourceError                   3  500  overlay.errors    a file, model, store or port is
    |   +-- EmbedderError               3  500  retriever.errors
    |   +-- LoadFailedError             3  503  server.errors
    |   +-- ModelError                  3  500  probes.errors
    |   |   +-- ModelCacheError         3  500  probes.errors
    |   |   +-- NoRoomError             3  500  probes.errors
    |   +-- RerankerError               3  500  retriever.errors
    |   +-- StorageError                3  507  overlay.uploads.errors
    |   +-- StoreError                  3  500  retriever.errors
    |   |   +-- EmbedderMismatchError   3  500  retriever.errors
    |   +-- UnavailableError            3  500  probes.errors
    +-- BusyError                       4  429  overlay.errors    try again later
    |   +-- CrowdedError                4  503  server.doors.errors
    |   +-- LoadingError                4  503  server.errors
    |   +-- QueueFullError              4  429  server.errors
    |   +-- RateLimitError              4  429  server.doors.errors
    +-- AnswerTimeoutError              1  504  server.doors.errors
    +-- ClosingError                    1  503  server.errors
    +-- UnexpectedError                 1  500  server.errors

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
