"""Answers from your documents by a local language model, under a volatility budget.

    from overlay import Settings, open_overlay

    with open_overlay(Settings(k=4)) as overlay:
        print(overlay.ask("When does the ferry leave?").text)

Public names are imported when they are asked for: ``import overlay`` by itself loads nothing, and
every layer may import :mod:`overlay.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overlay.answer import Answer
    from overlay.runtime import Overlay, open_overlay
    from overlay.settings import Settings

__all__ = ["Answer", "Overlay", "Settings", "open_overlay"]

_HOMES = {
    "Answer": "overlay.answer",
    "Overlay": "overlay.runtime",
    "Settings": "overlay.settings",
    "open_overlay": "overlay.runtime",
}


# Hidden from type checkers, which would take any misspelt name to be there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
