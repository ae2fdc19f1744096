from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retriever import Embedder, EmbedderError, SentenceTransformerEmbedder
from retriever import embedder as module

PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="session")
def model_folder() -> Path:
    return module._packaged_folder()


@pytest.fixture
def copied_folder(model_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def test_packaged_model(minilm: SentenceTransformerEmbedder) -> None:
    embedder: Embedder = minilm  # mypy holds the class to the protocol
    assert embedder.name == "all-MiniLM-L6-v2"
    assert embedder.fingerprint == PUBLISHED
    assert (embedder.max_tokens, embedder.dimension) == (256, 384)


def test_vectors_are_normalised_and_tell_meanings_apart(
    minilm: SentenceTransformerEmbedder,
) -> None:
    vectors = minilm.embed(["A dog sleeps.", "A puppy is napping.", "Interest rates rose."])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > 0.5
    assert similarity[0, 2] < 0.2


def test_count_tokens_is_not_cut_off_at_what_the_model_reads(
    minilm: SentenceTransformerEmbedder,
) -> None:
    assert minilm.count_tokens("") == 2
    assert minilm.count_tokens("hello there") == 4
    assert minilm.count_tokens("hello " * 1000) == 1002


def test_threads_may_share_it(minilm: SentenceTransformerEmbedder) -> None:
    texts = [["short"], ["a longer text " * 20, "and another"]] * 6
    with ThreadPoolExecutor(4) as pool:
        for vectors, alone in zip(pool.map(minilm.embed, texts), texts, strict=True):
            assert np.allclose(vectors, minilm.embed(alone), atol=1e-5)


def test_a_local_folder_is_the_same_embedder(
    minilm: SentenceTransformerEmbedder, copied_folder: Path
) -> None:
    embedder = SentenceTransformerEmbedder(copied_folder)
    assert embedder.name == str(copied_folder)
    assert embedder.fingerprint == minilm.fingerprint
    assert np.allclose(embedder.embed(["Hello"]), minilm.embed(["Hello"]), atol=1e-6)


def test_loading_says_nothing(
    copied_folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from transformers.utils import logging as advice

    before = advice.get_verbosity()
    SentenceTransformerEmbedder(copied_folder).embed(["Hello"])
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert advice.get_verbosity() == before


def test_several_weight_files_are_one_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "2_Dense").mkdir()
    for name in ("model.safetensors", "2_Dense/model.safetensors"):
        (tmp_path / name).write_bytes(name.encode())
    both = SentenceTransformerEmbedder(tmp_path).fingerprint
    (tmp_path / "2_Dense/model.safetensors").write_bytes(b"other")
    assert len({both, SentenceTransformerEmbedder(tmp_path).fingerprint}) == 2
    (tmp_path / "2_Dense/model.safetensors").unlink()
    alone = hashlib.sha256(b"model.safetensors").hexdigest()
    assert SentenceTransformerEmbedder(tmp_path).fingerprint == alone


def test_packaged_weights_are_verified(
    monkeypatch: pytest.MonkeyPatch, copied_folder: Path
) -> None:
    with (copied_folder / "model.safetensors").open("r+b") as weights:
        weights.seek(1000)
        weights.write(b"damaged")
    monkeypatch.setattr(module, "_packaged_folder", lambda: copied_folder)
    with pytest.raises(EmbedderError, match="are not those of") as error:
        SentenceTransformerEmbedder().embed(["Hello"])
    assert "reinstall" in error.value.hint


def test_package_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package")
    with pytest.raises(EmbedderError, match="is not installed"):
        _ = SentenceTransformerEmbedder().fingerprint


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "a/b/c", "~/nowhere"])
def test_no_such_folder(model: str) -> None:
    with pytest.raises(EmbedderError, match="there is no folder") as error:
        _ = SentenceTransformerEmbedder(model).fingerprint
    assert error.value.param == "embedder"


def test_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no weights in"):
        SentenceTransformerEmbedder(tmp_path).embed(["Hello"])


def test_folder_with_broken_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EmbedderError, match="does not load"):
        SentenceTransformerEmbedder(tmp_path).embed(["Hello"])


def run_with_hub(cache: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_hub_id_is_found_in_the_hub_cache(model_folder: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--someone--some-model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0123abc")
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / "0123abc").symlink_to(model_folder)
    code = (
        "from retriever import SentenceTransformerEmbedder as S;"
        "e = S('someone/some-model'); print(e.name, e.fingerprint)"
    )
    result = run_with_hub(tmp_path, code)
    assert result.stdout.split() == ["someone/some-model", PUBLISHED], result.stderr
    assert result.stderr == ""


def test_hub_cannot_be_reached(tmp_path: Path) -> None:
    code = (
        "from retriever import *\n"
        "try: SentenceTransformerEmbedder('someone/some-model').embed(['Hello'])\n"
        "except EmbedderError as error: print(error)"
    )
    result = run_with_hub(tmp_path, code)
    assert "cannot get the embedder someone/some-model" in result.stdout, result.stderr
    assert "give a model folder" in result.stdout
