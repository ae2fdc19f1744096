"""What the doors refuse. :mod:`overlay.errors` draws the whole tree."""

from __future__ import annotations

from typing import ClassVar

from overlay.errors import BusyError, InputError, OverlayError

__all__ = [
    "AnswerTimeoutError",
    "BodyTooLargeError",
    "CrowdedError",
    "ForeignHostError",
    "ForeignOriginError",
    "HostHeaderError",
    "InvalidKeyError",
    "JsonDepthError",
    "PathError",
    "RateLimitError",
    "SlowBodyError",
]


class InvalidKeyError(InputError):
    """A request brings no API key that is known."""

    code = "invalid_api_key"
    http_status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class HostHeaderError(InputError):
    """A request does not say once and plainly which host it asks."""

    code = "invalid_host"


class ForeignHostError(InputError):
    """A request asks a host by whose name this server does not go."""

    code = "host_not_allowed"
    http_status = 421


class ForeignOriginError(InputError):
    """A page of another origin asks."""

    code = "origin_not_allowed"
    http_status = 403


class PathError(InputError):
    """A path holds what no path here holds."""

    code = "invalid_path"


class BodyTooLargeError(InputError):
    """A body is longer than it may be."""

    code = "body_too_large"
    http_status = 413


class JsonDepthError(InputError):
    """A body is nested deeper than any request needs."""

    code = "body_too_deep"


class SlowBodyError(InputError):
    """A body did not come in time."""

    code = "body_too_slow"
    http_status = 408


class RateLimitError(BusyError):
    """One client asks too often."""

    code = "rate_limit_exceeded"

    def __init__(self, limit: int, retry_after: int) -> None:
        super().__init__(
            f"this client may ask {limit} times a minute",
            hint=f"try again in {retry_after} s, or raise the setting rate_limit",
        )
        self.retry_after = retry_after


class CrowdedError(BusyError):
    """As many connections are open as may."""

    code = "too_many_connections"
    http_status = 503
    retry_after = 2

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} connections are open", hint="try again, or raise the setting max_connections"
        )


class AnswerTimeoutError(OverlayError):
    """An answer took longer than it may."""

    code = "answer_timeout"
    http_status = 504
