"""Errors of the selector. Their root is :mod:`overlay.errors`."""

from __future__ import annotations

from overlay.errors import InputError

__all__ = ["BudgetError"]


class BudgetError(InputError):
    """A budget that cannot be kept."""

    code = "invalid_budget"
