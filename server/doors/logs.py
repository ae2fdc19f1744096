"""Logs of a server that is left running: lines for people, or JSON for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from overlay.door_settings import LogForm, LogLevel
from server.doors.access import ACCESS
from server.doors.defects import frames_of
from server.doors.record import current

__all__ = ["JsonLines", "TextLines", "configure_logs"]

_OURS = ("overlay", "probes", "retriever", "selector", "server", "uvicorn")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What would begin a line of its own, or move a terminal's cursor.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def configure_logs(form: LogForm, level: LogLevel) -> None:
    """Send all logs of this process the same way, uvicorn's too: requests to stdout, else stderr.

    Two streams, as uvicorn has them: whoever waits at stderr for a word of the server, and then
    reads no further, does not stop it with a full pipe.
    """
    told = level is LogLevel.DEBUG
    lines = JsonLines(told=told) if form is LogForm.JSON else TextLines(told=told)
    requests, others = logging.StreamHandler(sys.stdout), logging.StreamHandler(sys.stderr)
    for handler in (requests, others):
        handler.setFormatter(lines)
        handler.addFilter(_complete)
    logging.basicConfig(handlers=[others], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.value.upper())
    access = logging.getLogger(ACCESS)
    access.handlers, access.propagate = [requests], False


def _complete(record: logging.LogRecord) -> bool:
    vars(record).pop("color_message", None)  # uvicorn's own, for terminals
    request = current.get()
    if request is not None and not hasattr(record, "request_id"):
        record.request_id = request.id
    return True


class TextLines(logging.Formatter):
    """``TIME LEVEL LOGGER message name=value ...``; a traceback has lines of its own.

    Args:
        told: whether the words of an error are shown, which may quote a document.
    """

    def __init__(self, *, told: bool) -> None:
        super().__init__()
        self._told = told

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        fields = _extra(record)
        trace = fields.pop("traceback", None)
        if trace is None and record.exc_info and record.exc_info[1] is not None:
            trace = frames_of(record.exc_info[1], told=self._told)
        given = "".join(f" {name}={value}" for name, value in fields.items())
        line = f"{_time_of(record)} {record.levelname} {record.name}: {record.getMessage()}{given}"
        rest = "" if trace is None else f"\n{trace}"
        return f"{line.translate(_CONTROL)}{rest}"


class JsonLines(JsonFormatter):
    """One JSON object a record. What it holds is escaped, so a record is always one line.

    Args:
        told: as of :class:`TextLines`.
    """

    def __init__(self, *, told: bool) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            exc_info_as_array=False,
        )
        self._told = told

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's names
        """When the record was made, in UTC."""
        return _time_of(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """A traceback as :func:`server.doors.defects.frames_of` makes it."""
        return "" if ei[1] is None else frames_of(ei[1], told=self._told)


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    given: Mapping[str, Any] = vars(record)
    return {name: value for name, value in given.items() if name not in _STANDARD}
