"""How long to try: `FUZZ_EXAMPLES=20000 pytest tests/fuzz` takes minutes."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["effort"]


def effort(examples: int) -> settings:
    """As many examples as the environment says, or a test by itself."""
    return settings(
        max_examples=int(os.environ.get("FUZZ_EXAMPLES", str(examples))),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
