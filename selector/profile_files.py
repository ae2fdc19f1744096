"""Profiles as files: one's own, those that come with the project, and the default one.

In ``selector/data``, ``default.json`` is the default profile. The files ``*.profile.json`` there
belong to one model each, and are found by the hash of the model file.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from overlay.errors import InputError
from selector.profile import Profile

__all__ = ["default_profile", "load_profile", "shipped_profile"]

_SUFFIX = ".profile.json"
_DEFAULT = "default.json"


def shipped_profile(sha256: str) -> Profile | None:
    """The profile that comes with the project for a model file; None where there is none."""
    return _shipped(sha256)


@cache
def default_profile() -> Profile:
    """What judges for a model that has no profile of its own, and where no chat was calibrated.

    One set of weights of question gain, similarity and attention, and one index, fitted on several
    models together: they agree. It weighs no states, which are a model's own, and promises nothing.
    """
    return _read_shipped(files("selector") / "data" / _DEFAULT)


def load_profile(path: Path) -> Profile:
    """Read a file that ``overlay calibrate`` wrote.

    Raises:
        InputError: it is missing or not such a file.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            why = f"another version made it, which knew {place}; calibrate anew"
            raise _unusable(path, why) from error
        raise _unusable(path, f"{place}: {problem['msg']}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Profile:
    """An evaluation makes a runtime for every question, with the same few files."""
    return Profile.model_validate_json(path.read_text(encoding="utf-8"))


@cache
def _shipped(sha256: str) -> Profile | None:
    file = files("selector") / "data" / f"{sha256}{_SUFFIX}"
    return _read_shipped(file) if file.is_file() else None


def _read_shipped(file: Traversable) -> Profile:
    return Profile.model_validate_json(file.read_text(encoding="utf-8"))


def _unusable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no profile: {why}",
        hint="`overlay calibrate` makes one, and anew for this version what another has made; "
        "auto and default name those that are shipped",
        param="profile",
    )
