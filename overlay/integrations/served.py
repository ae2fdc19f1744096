"""Requests to a running ``overlay serve``, and its refusals in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from overlay.errors import BusyError, InputError, OverlayError, ResourceError

__all__ = ["LOCAL", "Served"]

LOCAL = "http://127.0.0.1:8321"
"""Where a server listens that is told nothing else."""


class Served:
    """A running server.

    Args:
        base_url: where it listens, with or without ``/v1``.
        api_key: sent as a bearer token.
        timeout: seconds to wait for a reply; a request may have to wait for answers to others.
    """

    def __init__(self, base_url: str, api_key: str | None, timeout: float) -> None:
        self._base = f"{base_url.rstrip('/').removesuffix('/v1')}/v1"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout = timeout

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """The reply to a request.

        Args:
            path: under ``/v1/``.

        Raises:
            InputError: the server refuses the request.
            BusyError: it is loading, or too many requests wait.
            ResourceError: it cannot be reached, or fails, or is none of ours.
        """
        url = f"{self._base}/{path}"
        try:
            reply = httpx.post(url, json=body, headers=self._headers, timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ResourceError(
                f"no reply from {url}: {error or type(error).__name__}",
                hint="`overlay serve` starts a server and says where it listens",
                param="base_url",
            ) from error
        if not reply.is_success:
            raise _refusal(url, reply)
        try:
            said = reply.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise self.stranger(path)
        return said

    def stranger(self, path: str) -> ResourceError:
        """The error for a reply that is not as an overlay gives it."""
        return ResourceError(
            f"{self._base}/{path} does not answer as an overlay does",
            hint="check base_url",
            param="base_url",
        )


def _refusal(url: str, reply: httpx.Response) -> OverlayError:
    try:
        error = reply.json()["error"]
        said, param = str(error["message"]), error.get("param")
    except (ValueError, KeyError, TypeError, AttributeError):
        said, param = reply.text[:200] or reply.reason_phrase, None
    message = f"{url} answered {reply.status_code}: {said}"
    if reply.status_code in (429, 503):
        wait = reply.headers.get("Retry-After")
        return BusyError(message, hint=f"try again in {wait} s" if wait else "")
    kind = InputError if reply.is_client_error else ResourceError
    return kind(message, param=param)
