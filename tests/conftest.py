"""What all tests share: real models, how they share the cores, and which tests need them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import browser

if TYPE_CHECKING:
    from probes.llamacpp import LlamaCppModel
    from probes.transformers import TransformersModel

__all__ = [
    "browser",
    "fast_model",
    "file_model",
    "model",
    "model_cache",
    "other",
    "tiny_gguf",
    "tiny_model",
]

_REAL_MODELS = frozenset({"model", "file_model", "other", "minilm"})
_SHARED = frozenset({"fast_model", "file_model", "model", "tiny_model"})
_CONVERTED = Path(__file__).resolve().parents[1] / ".overlay" / "models-of-tests"


def pytest_configure() -> None:
    """Share the cores among pytest's workers, and convert models once for all runs.

    Set here, before torch and llama.cpp are loaded; commands that tests start inherit it.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        os.environ.setdefault("OVERLAY_THREADS", threads)
        os.environ.setdefault("OMP_NUM_THREADS", threads)
    # Threads that spin while they wait take the cores from those that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OVERLAY_MODEL_CACHE", str(_CONVERTED))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a real model by one of the fixtures that load them."""
    for item in items:
        if isinstance(item, pytest.Function) and _REAL_MODELS & set(item.fixturenames):
            item.add_marker(pytest.mark.real_model)


@pytest.fixture(scope="session")
def model() -> Iterator[LlamaCppModel]:
    """The packaged model under llama.cpp: settings of the environment hold.

    Rounded exactly: no test hangs on what was evaluated beside.
    """
    from overlay.loading import load_model
    from overlay.settings import Rounding, Settings
    from probes.llamacpp import LlamaCppModel

    loaded = load_model(Settings(context_size=2048, rounding=Rounding.EXACT))
    assert isinstance(loaded, LlamaCppModel)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def file_model() -> Iterator[LlamaCppModel]:
    """The packaged file itself under llama.cpp, not its copy in another number type."""
    from overlay.models import find_model
    from probes.llamacpp import LlamaCppModel

    loaded = LlamaCppModel(find_model("smollm2"), context_size=2048)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a tiny random model, see :mod:`tests.tiny_gguf`."""
    from tests.tiny_gguf import save_tiny_gguf

    return save_tiny_gguf(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture(scope="session")
def tiny_model(tiny_gguf: Path) -> Iterator[LlamaCppModel]:
    """A tiny random model under llama.cpp: for counting and comparing, not for what it says."""
    from probes.llamacpp import LlamaCppModel

    loaded = LlamaCppModel(tiny_gguf, context_size=2048)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def fast_model(tiny_gguf: Path) -> Iterator[LlamaCppModel]:
    """The same, rounded as it is fastest."""
    from probes.llamacpp import LlamaCppModel

    loaded = LlamaCppModel(tiny_gguf, context_size=1024, exact=False)
    yield loaded
    loaded.close()


@pytest.fixture(autouse=True)
def sequences_come_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold each test to closing the sessions that it opens on the models that all tests share.

    What one leaves open would fail another, far from its cause.
    """
    named = [request.getfixturevalue(name) for name in sorted(_SHARED & set(request.fixturenames))]
    shared: list[LlamaCppModel] = [one for one in named if hasattr(one, "cells")]
    free = [one.cells.free for one in shared]
    yield
    assert [one.cells.free for one in shared] == free, "a session was left open"


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Where converted models are kept."""
    return Path(os.environ["OVERLAY_MODEL_CACHE"])


@pytest.fixture(scope="session")
def other(model_cache: Path) -> TransformersModel:
    """The packaged GGUF file under transformers, in float32."""
    from overlay.models import find_model
    from probes.transformers import TransformersModel

    return TransformersModel(
        find_model("smollm2"), context_size=2048, device="cpu", model_cache=model_cache
    )
