"""What tests of the runtime have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from probes.llamacpp import LlamaCppModel


@pytest.fixture
def all_sequences_come_back(model: LlamaCppModel) -> Iterator[None]:
    """Hold a test to closing every session that it opened."""
    free = model.cells.free
    yield
    assert model.cells.free == free
