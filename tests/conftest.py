"""Fixtures that several folders share: the real packaged model on both backends, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overlay.models import find_model
from probes.llamacpp import LlamaCppModel
from probes.transformers import TransformersModel
from tests.browser import browser

__all__ = ["browser", "model", "model_cache", "other"]


@pytest.fixture(scope="session")
def model() -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(find_model("smollm2"), context_size=2048)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the converted model is kept: it is converted once a run."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def other(model_cache: Path) -> TransformersModel:
    """The same GGUF file under transformers."""
    return TransformersModel(
        find_model("smollm2"), context_size=2048, device="cpu", model_cache=model_cache
    )
