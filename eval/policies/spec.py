"""A policy as a run names it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["PolicySpec"]


class PolicySpec(BaseModel):
    """A policy as a run names it; every other key is an argument of its class.

    Attributes:
        kind: a key of :data:`eval.policies.catalogue.KINDS`, or ``package.module:Class`` for a
            policy of one's own, whose first argument is the :class:`eval.policies.bench.Bench`.
        name: how tables call it; made from kind and arguments if not given.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    name: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the class is called with, beside the bench."""
        return dict(self.model_extra or {})

    @property
    def label(self) -> str:
        """The name in tables."""
        if self.name:
            return self.name
        told = ", ".join(f"{key} {value}" for key, value in self.arguments.items())
        return f"{self.kind} ({told})" if told else self.kind
