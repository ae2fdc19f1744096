"""Fixtures that several folders share: the real packaged model, loaded once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from overlay.models import find_model
from probes.llamacpp import LlamaCppModel


@pytest.fixture(scope="session")
def model() -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(find_model("smollm2"), context_size=2048)
    yield loaded
    loaded.close()
