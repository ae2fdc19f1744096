"""API keys: whoever has none of them is not let in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from fastapi.requests import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.doors.errors import InvalidKeyError
from server.doors.paths import is_page
from server.doors.record import current
from server.doors.values import Doors

__all__ = ["Keys", "fingerprint", "is_trusted"]

_READS = ("GET", "HEAD")


def fingerprint(key: str) -> str:
    """Tells keys apart in a log. Eight letters of a hash: no key can be made from them."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def is_trusted(request: Request) -> bool:
    """Whether a request to an open path may see more than anyone: it has a key, or none is set."""
    return getattr(request.state, "trusted", True)


class Keys:
    """Compares the key that came with every key there is, in the same time whichever it is.

    Hashes are compared, so that not even the length of a key can be told from the time. The page's
    own files and ``/health`` are open; a page cannot know a key before it is loaded.
    """

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._hashes = [_hash(key) for key in doors.api_keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            InvalidKeyError: it has no key, or none that is known.
        """
        if scope["type"] == "http" and self._hashes:
            sent = Headers(scope=scope).getlist("authorization")
            key = _bearer(sent)
            known = key is not None and _is_one_of(_hash(key), self._hashes)
            path = scope["path"]
            is_open = scope["method"] in _READS and (is_page(path) or path == "/health")
            if not known and not is_open:
                raise InvalidKeyError(
                    "no API key came with the request" if key is None else "the API key is unknown",
                    hint="send one of the setting api_keys as `Authorization: Bearer KEY`",
                )
            scope.setdefault("state", {})["trusted"] = known
            record = current.get()
            if key is not None and known and record is not None:
                record.key = fingerprint(key)
        await self._app(scope, receive, send)


def _bearer(sent: Sequence[str]) -> str | None:
    scheme, _, key = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _is_one_of(sent: bytes, known: Sequence[bytes]) -> bool:
    # A list, not a generator: every key is looked at.
    return any([hmac.compare_digest(sent, one) for one in known])  # noqa: C419
