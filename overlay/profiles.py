"""Which profile judges for a model."""

from __future__ import annotations

from pathlib import Path

from overlay.errors import InputError
from overlay.settings import DEFAULT_PROFILE, OWN_PROFILE, Settings
from probes.protocol import ModelInfo
from selector.profile import Profile
from selector.profile_files import default_profile, load_profile, shipped_profile

__all__ = ["find_profile"]


def find_profile(settings: Settings, info: ModelInfo) -> Profile:
    """The profile that the settings name for a model; the default one where it has none.

    Raises:
        InputError: the file is no profile, or is another model's.
    """
    if settings.profile == DEFAULT_PROFILE:
        return default_profile()
    if settings.profile == OWN_PROFILE:
        return shipped_profile(info.sha256) or default_profile()
    profile = load_profile(Path(settings.profile).expanduser())
    if profile.sha256 != info.sha256:
        raise InputError(
            f"{settings.profile} was calibrated for {profile.model}, not for {info.name}",
            hint="`overlay calibrate` makes one for this model; or set profile to default",
            param="profile",
        )
    return profile
