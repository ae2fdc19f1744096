"""What tests of the runtime have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from probes.llamacpp import LlamaCppModel


@pytest.fixture
def all_sequences_come_back(model: LlamaCppModel) -> Iterator[None]:
    """Hold a test to closing every session that it opened on the packaged model."""
    free = model.cells.free
    yield
    assert model.cells.free == free


@pytest.fixture
def all_tiny_sequences_come_back(tiny_model: LlamaCppModel) -> Iterator[None]:
    """The same on the tiny one."""
    free = tiny_model.cells.free
    yield
    assert tiny_model.cells.free == free
