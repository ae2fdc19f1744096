"""Results kept on disk as they come, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overlay.errors import InputError

__all__ = ["Journal"]

_HEAD = b'{"run": '


class Journal:
    """JSON lines: the first says what run they belong to, each other one holds one result.

    Results are found again by their key. A line that a killed run left half written is dropped.

    Args:
        path: the file, made if missing; None keeps everything in memory.
        run: what the results depend on; a file of another run is refused, not overwritten.

    Attributes:
        run: the same.

    Raises:
        InputError: the file holds another run, or no journal at all.
    """

    def __init__(self, path: Path | None, run: Mapping[str, Any]) -> None:
        self._path = path
        self._results: dict[str, Any] = {}
        self.run = run
        if path is None:
            return
        lines, whole = _read_lines(path)
        if lines:
            _check_run(path, lines[0], run)
        for line in lines[1:]:
            entry = json.loads(line)
            self._results[entry["key"]] = entry["result"]
        with path.open("ab") as file:
            file.truncate(whole)
        if not lines:
            _append(path, {"run": run})

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Whatever run a file holds.

        Raises:
            InputError: it does not exist, or is no journal.
        """
        lines, _ = _read_lines(path)
        if not lines:
            raise InputError(
                f"{path} holds no results",
                hint="name a file that `overlay eval run`, `overlay lab variants` or `overlay "
                "calibrate --readings` wrote",
                param="results",
            )
        return cls(path, json.loads(lines[0])["run"])

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def __getitem__(self, key: str) -> Any:
        return self._results[key]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def add(self, key: str, result: Any) -> None:
        """Keep a result; it is on the disk when this returns."""
        self._results[key] = result
        if self._path is not None:
            _append(self._path, {"key": key, "result": result})


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _read_lines(path: Path) -> tuple[list[str], int]:
    """The complete lines, and how many bytes they take."""
    if not path.exists():
        return [], 0
    content = path.read_bytes()
    if content and not content.startswith(_HEAD):
        raise _not_a_journal(path)
    whole = content.rfind(b"\n") + 1
    return content[:whole].decode("utf-8").split("\n")[:-1], whole


def _check_run(path: Path, head: str, run: Mapping[str, Any]) -> None:
    there = json.loads(head)["run"]
    here = json.loads(json.dumps(run))
    different = _first_difference("", there, here)
    if different is not None:
        name, old, new = different
        raise InputError(
            f"{path} holds another run: {name} is {old!r} there and {new!r} here",
            hint="name another file, or remove this one",
            param="output",
        )


def _first_difference(name: str, there: Any, here: Any) -> tuple[str, Any, Any] | None:
    """Where two values differ first, as deep as both have the same form.

    Returns:
        Its name with those around it (``spec.seed``), and both values; None where they are equal.
    """
    if isinstance(there, dict) and isinstance(here, dict):
        inner = f"{name}." if name else ""
        pairs = [(f"{inner}{key}", there.get(key), here.get(key)) for key in {**there, **here}]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = [(f"{name}[{n}]", *pair) for n, pair in enumerate(zip(there, here, strict=True))]
    else:
        return None if there == here else (name, there, here)
    return next((found for pair in pairs if (found := _first_difference(*pair))), None)


def _not_a_journal(path: Path) -> InputError:
    return InputError(
        f"{path} exists and is not a file of results", hint="name another file", param="output"
    )
