"""Finding models: by package, by path, on the hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overlay import models
from overlay.models import PACKAGED, LocatedModel, find_model, locate_model
from overlay.settings import Backend
from probes.errors import ModelError


def test_the_packaged_model_is_found_and_checked() -> None:
    assert find_model("smollm2").name == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_an_altered_packaged_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    altered = replace(PACKAGED["smollm2"], sha256="0" * 64)
    monkeypatch.setitem(PACKAGED, "smollm2", altered)
    with pytest.raises(ModelError, match="altered"):
        find_model("smollm2")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = replace(PACKAGED["smollm2"], package="no_such_package")
    monkeypatch.setitem(PACKAGED, "smollm2", missing)
    with pytest.raises(ModelError, match="pip install no-such-package"):
        find_model("smollm2")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="packaged: smollm2"):
        find_model("smollm3")


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    assert find_model(str(tmp_path / "own.gguf")) == tmp_path / "own.gguf"


def test_a_hub_file_comes_from_the_hubs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The layout that the hub client itself writes; offline it must be enough.
    repository = tmp_path / "models--someone--tiny"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    (snapshot / "tiny.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert find_model("someone/tiny:tiny.gguf") == snapshot / "tiny.gguf"


def test_a_hub_file_that_cannot_be_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"tiny\.gguf of someone/tiny"):
        models.find_model("someone/tiny:tiny.gguf")


@pytest.mark.parametrize("backend", [Backend.AUTO, Backend.LLAMACPP])
def test_gguf_files_go_to_llama_cpp(tmp_path: Path, backend: Backend) -> None:
    path = tmp_path / "own.gguf"
    assert locate_model(str(path), backend) == LocatedModel(Backend.LLAMACPP, path)
    assert locate_model("smollm2", backend).backend is Backend.LLAMACPP


def test_gguf_files_go_to_transformers_where_it_is_asked_for() -> None:
    located = locate_model("smollm2", Backend.TRANSFORMERS)
    assert located == LocatedModel(Backend.TRANSFORMERS, find_model("smollm2"))


@pytest.mark.parametrize("backend", [Backend.AUTO, Backend.TRANSFORMERS])
def test_folders_and_hub_models_go_to_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    assert locate_model(str(tmp_path), backend) == LocatedModel(Backend.TRANSFORMERS, tmp_path)
    assert locate_model("owner/name", backend) == LocatedModel(Backend.TRANSFORMERS, "owner/name")
    monkeypatch.chdir(tmp_path)
    here = Path("owner/name")
    here.mkdir(parents=True)
    assert locate_model("owner/name", backend) == LocatedModel(Backend.TRANSFORMERS, here)
    # A path to a file that is not there yet is no hub id.
    assert locate_model("owner/own.gguf", Backend.LLAMACPP).source == Path("owner/own.gguf")


@pytest.mark.parametrize(("name", "kind"), [("folder", "a folder"), ("owner/name", "on the hub")])
def test_llama_cpp_takes_nothing_but_gguf_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(ModelError, match=kind) as caught:
        locate_model(name, Backend.LLAMACPP)
    assert "set backend to transformers" in caught.value.hint
    assert caught.value.param == "model"
