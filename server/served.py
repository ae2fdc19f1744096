"""By what names the served model goes, and what each makes of a request."""

from __future__ import annotations

from overlay.options import Mode
from server.engine import Engine
from server.errors import UnknownModelError

__all__ = ["ALIASES", "check_model"]

ALIASES = {"overlay": Mode.OVERLAY, "overlay:plain": Mode.PLAIN, "overlay:off": Mode.NO_CONTEXT}
"""Names of the served model for clients that can choose a model and nothing else."""


def check_model(model_id: str, engine: Engine) -> None:
    """Raise UnknownModelError unless the served model goes by this name."""
    served = engine.model_info.name
    if model_id not in (served, *ALIASES):
        raise UnknownModelError(
            f"the model {model_id[:200]!r} does not exist here",
            hint=f"this server has {served!r}, also as {', '.join(map(repr, ALIASES))}",
            param="model",
        )
