"""Models that several tests of probes share."""

from __future__ import annotations

import pytest

from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny


@pytest.fixture(scope="module", params=list(CONFIGS))
def any_model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> TransformersModel:
    folder = tmp_path_factory.mktemp(request.param)
    return open_tiny(save_tiny(folder, CONFIGS[request.param]))
