"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State", "fail", "ok", "warn"]


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        what: what was looked at.
        said: what was found, with the numbers.
        mend: what to do about it; empty where nothing needs to be done.
    """

    state: State
    what: str
    said: str
    mend: str = ""


def ok(what: str, said: str) -> Finding:
    """All is well."""
    return Finding(State.OK, what, said)


def warn(what: str, said: str, mend: str) -> Finding:
    """It works, and something is lost or soon will be."""
    return Finding(State.WARN, what, said, mend)


def fail(what: str, said: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(State.FAIL, what, said, mend)
