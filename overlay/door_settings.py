"""Settings of who may ask the server what, and of how it tells of it: their types and texts."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

__all__ = [
    "AllowedHosts",
    "AnswerSeconds",
    "ApiKeys",
    "ApiKeysFile",
    "CorsOrigins",
    "Log",
    "LogForm",
    "LogLevel",
    "LogLevelSetting",
    "MaxBody",
    "MaxConnections",
    "MaxUpload",
    "RateLimit",
    "ReadSeconds",
    "StopSeconds",
]


class LogForm(StrEnum):
    """How the server's log is written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """From what weight on the server logs."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _split(given: object) -> object:
    """A list as it is, as JSON, or with commas between its items."""
    if not isinstance(given, str):
        return given
    text = given.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError("it begins as a JSON list and is none") from None
    return [item.strip() for item in text.split(",") if item.strip()]


def _check_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in keys:
        text = key.get_secret_value()
        if not text or not all("!" <= letter <= "~" for letter in text):
            raise ValueError("a key is letters, digits and signs of ASCII, without spaces")
    return keys


ApiKeys = Annotated[
    tuple[SecretStr, ...],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_check_keys),
    Field(
        description="keys, one of which a client must send as `Authorization: Bearer KEY`; a list, "
        "in the environment as JSON or with commas; needed on every address but the loopback one. "
        "`overlay serve --make-key` prints a new one"
    ),
]
ApiKeysFile = Annotated[
    Path | None,
    Field(description="a file with more such keys, one a line; # begins a comment"),
]
AllowedHosts = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_split),
    Field(
        description="more names by which the server may be asked (the header Host): as a proxy or "
        "a container calls it; *.example.com for all below a domain, * for all. localhost and the "
        "host that it listens on are among them"
    ),
]
CorsOrigins = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_split),
    Field(
        description="origins whose pages may ask from a browser, such as https://chat.example.com; "
        "* for all. Without it only the server's own page may"
    ),
]
MaxBody = Annotated[int, Field(ge=1, description="MiB that the body of a request may have")]
MaxUpload = Annotated[int, Field(ge=1, description="the same for a file sent to /v1/files")]
ReadSeconds = Annotated[
    float,
    Field(
        gt=0,
        description="seconds within which the headers of a request, and then its body, or of a "
        "file each piece, must have come",
    ),
]
AnswerSeconds = Annotated[
    float,
    Field(
        ge=0,
        description="seconds that a request to the model may take, its waiting included; it then "
        "ends with error 504, or where it is streamed with an error event; 0 for any time",
    ),
]
RateLimit = Annotated[
    int,
    Field(
        ge=0,
        description="requests a minute that one API key, or without keys one address, may send; "
        "further ones get 429 with Retry-After; 0 for any number",
    ),
]
MaxConnections = Annotated[
    int,
    Field(
        ge=1,
        description="connections that may be open; requests on further ones get 503 with "
        "Retry-After",
    ),
]
StopSeconds = Annotated[
    float,
    Field(
        ge=0,
        description="seconds that answers under way have to end once the server is told to stop "
        "(SIGTERM or Ctrl-C; a second one ends it at once). Docker kills after 10",
    ),
]
Log = Annotated[
    LogForm,
    Field(
        description="how the log is written: text, or json, one object a line. Neither has "
        "questions, answers, document texts or file names"
    ),
]
LogLevelSetting = Annotated[
    LogLevel,
    Field(
        description="from what weight on: debug, info, warning or error. info has a line a "
        "request; debug also what unexpected errors say, which may quote documents"
    ),
]
