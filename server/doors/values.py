"""What the doors are set to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from overlay.settings import Settings, SettingsError

__all__ = ["LOOPBACK", "Doors", "is_loopback"]

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a server on the loopback address is asked."""

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may ask what, how much, and for how long. The defaults suit the loopback address.

    Attributes:
        api_keys: one of them must come with a request; none lets everyone in.
        hosts: names that may stand in ``Host``, in small letters; ``*`` for all, ``*.example.com``
            for those below a domain.
        any_address: whether ``Host`` may be any IP address. It is no name that could be rebound.
        cors_origins: pages of other origins that may ask; ``*`` for all.
        max_body, max_upload: bytes of a body, and of one to ``/v1/files``.
        read_seconds: within which a request's headers, and then its body, must have come.
        answer_seconds: that one request to the model may take, its waiting included; 0 for any.
        rate_limit: requests a minute of one key, or else of one address; 0 for any.
        max_connections: that are open at a time.
        stop_seconds: that answers under way have once the server is told to stop.
    """

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    hosts: tuple[str, ...] = LOOPBACK
    any_address: bool = False
    cors_origins: tuple[str, ...] = ()
    max_body: int = 8 * _MIB
    max_upload: int = 100 * _MIB
    read_seconds: float = 30.0
    answer_seconds: float = 600.0
    rate_limit: int = 0
    max_connections: int = 256
    stop_seconds: float = 8.0

    @classmethod
    def of(cls, settings: Settings, machine: str) -> Doors:
        """The doors that settings describe.

        Args:
            machine: this machine's name, by which a server on all addresses may be asked.

        Raises:
            SettingsError: the file of keys cannot be read.
        """
        any_address = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        own = (machine,) if any_address else (host,)
        given = tuple(key.get_secret_value() for key in settings.api_keys)
        return cls(
            api_keys=given + _keys_in(settings.api_keys_file),
            hosts=tuple(
                dict.fromkeys(name.lower() for name in (*LOOPBACK, *own, *settings.allowed_hosts))
            ),
            any_address=any_address,
            cors_origins=tuple(origin.lower().rstrip("/") for origin in settings.cors_origins),
            max_body=settings.max_body_mib * _MIB,
            max_upload=settings.max_upload_mib * _MIB,
            read_seconds=settings.read_seconds,
            answer_seconds=settings.answer_seconds,
            rate_limit=settings.rate_limit,
            max_connections=settings.max_connections,
            stop_seconds=settings.stop_seconds,
        )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches a server on this IP address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _keys_in(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the file of API keys {path} cannot be read: {type(error).__name__}",
            hint="it is text with one key a line",
            param="api_keys_file",
        ) from error
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise SettingsError(
            f"the file of API keys {path} holds none",
            hint="`overlay serve --make-key` prints one",
            param="api_keys_file",
        )
    for number, line in enumerate(lines, start=1):
        if not line.startswith("#") and not all("!" <= letter <= "~" for letter in line):
            raise SettingsError(
                f"line {number} of the file of API keys {path} is no key",
                hint="a key is letters, digits and signs of ASCII, without spaces",
                param="api_keys_file",
            )
    return keys
