"""Loading a model by settings: the right backend, and nothing of the other one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from overlay.loading import load_model
from overlay.settings import load_settings
from probes.errors import ModelError
from probes.protocol import Sampling
from tests.probes.tiny_transformers import CONFIGS, save_tiny

# Runs in a process of its own: this one has imported everything already.
_IMPORTS = """
import sys
{code}
print(",".join(name for name in ("torch", "transformers", "captum", "matplotlib", "llama_cpp")
               if name in sys.modules))
"""
_LOAD = """
from overlay.loading import load_model
from overlay.settings import load_settings
load_model(load_settings({})).close()
"""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_runs_under_transformers(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CONFIGS["qwen2"])
    threads = torch.get_num_threads()
    try:
        model = load_model(load_settings(model="tiny", device="cpu", threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    assert model.info.backend == "transformers"
    assert model.info.name == "tiny"
    assert model.info.context_size == 256  # as long as the model was trained for
    assert model.capabilities.gradients
    with model.session() as session:
        session.extend(model.tokenize("Hello"))
        assert len(list(session.generate(Sampling(3)))) <= 3
    model.close()


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load_model(load_settings(model="./nowhere/at/all", backend="transformers"))


@pytest.mark.parametrize(
    ("code", "present"),
    [
        ("import overlay.cli.main", set()),
        (_LOAD.format("model='smollm2', context_size=256"), {"llama_cpp"}),
        (_LOAD.format("model='tiny', device='cpu'"), {"torch", "transformers"}),
    ],
)
def test_each_backend_imports_only_its_own(tmp_path: Path, code: str, present: set[str]) -> None:
    save_tiny(tmp_path / "tiny", CONFIGS["llama"])
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS.format(code=code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.strip().split(",")) - {""} == present
