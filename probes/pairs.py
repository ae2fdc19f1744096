"""The check that two states can be compared at all."""

from __future__ import annotations

from overlay.errors import InputError
from probes.state import State

__all__ = ["check_pair"]


def check_pair(a: State, b: State) -> None:
    """Raise InputError unless both states are of the same window and layers."""
    if a.window != b.window:
        raise InputError(
            f"states of different windows ({len(a.window)} and {len(b.window)} tokens)",
            hint="drift is defined on one window under two contexts",
            param="window",
        )
    if a.layers != b.layers:
        raise InputError(f"states of layers {a.layers} and {b.layers}", param="layers")
