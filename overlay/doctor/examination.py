"""All checks, in the order in which they are told."""

from __future__ import annotations

from overlay.doctor.finding import Finding, ok
from overlay.doctor.machine import check_disk, check_packages, check_port, check_who_may_come
from overlay.doctor.model import check_model
from overlay.doctor.store import check_store
from overlay.settings import Settings

__all__ = ["examination"]


def examination(settings: Settings) -> list[Finding]:
    """What every check finds. Takes seconds; changes nothing."""
    return [
        ok("settings", f"{len(settings.model_fields_set)} set, the others as they come"),
        check_packages(),
        *check_model(settings),
        *check_store(settings),
        check_disk(settings),
        check_port(settings),
        check_who_may_come(settings),
    ]
