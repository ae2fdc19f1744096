"""Profiles as files: one's own, those that come with the project, and the default one.

The files ``*.profile.json`` in ``selector/data`` are what ``overlay calibrate`` wrote, one a model,
found by the hash of the model file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from overlay.errors import InputError
from selector.profile import Profile
from selector.volatility_index import VolatilityIndex
from selector.weights import Weights

__all__ = ["default_profile", "load_profile", "shipped_profile"]

_SUFFIX = ".profile.json"


def shipped_profile(sha256: str) -> Profile | None:
    """The profile that comes with the project for a model file; None where there is none."""
    return _shipped(sha256)


@cache
def default_profile() -> Profile:
    """What judges for a model that has no profile of its own, and where no chat was calibrated.

    The mean of the shipped profiles' weights of question gain and similarity, on which they nearly
    agree, and of what their indices weigh of an answer. It weighs no states, which are a model's
    own, and promises nothing.
    """
    found = [_read_shipped(file) for file in _shipped_files()]

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values))

    own = [profile.without_states for profile in found]
    weights = Weights(
        bias=mean([one.bias for one in own]),
        typical_gain=mean([one.typical_gain for one in own]),
        gain=mean([one.gain for one in own]),
        typical_similarity=mean([one.typical_similarity for one in own]),
        similarity=mean([one.similarity for one in own]),
        typical_chunks=round(mean([one.typical_chunks for one in own])),
    )
    return Profile(
        model="any model without a profile of its own",
        sha256="",
        embedder=found[0].embedder,
        layer=0,
        with_states=weights,
        without_states=weights,
        index=_mean_index([profile.index for profile in found if profile.index is not None]),
        measured={"mean of": [profile.model for profile in found]},
    )


def _mean_index(found: Sequence[VolatilityIndex]) -> VolatilityIndex | None:
    if not found:
        return None
    names = ("bias", "log_prob", "copied", "gain", "volatility")
    weights = {name: float(np.mean([getattr(one, name) for one in found])) for name in names}
    return VolatilityIndex.model_validate(weights)


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
        raise _unusable(path, f"{place}: {problem['msg']}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Profile:
    """An evaluation makes a runtime for every question, with the same few files."""
    return Profile.model_validate_json(path.read_text(encoding="utf-8"))


def _shipped_files() -> list[Traversable]:
    data = (files("selector") / "data").iterdir()
    return sorted(
        (file for file in data if file.name.endswith(_SUFFIX)), key=lambda file: file.name
    )


@cache
def _shipped(sha256: str) -> Profile | None:
    file = files("selector") / "data" / f"{sha256}{_SUFFIX}"
    return _read_shipped(file) if file.is_file() else None


def _read_shipped(file: Traversable) -> Profile:
    return Profile.model_validate_json(file.read_text(encoding="utf-8"))


def _unusable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no profile: {why}",
        hint="`overlay calibrate` makes one; auto and default name those that are shipped",
        param="profile",
    )
